// A Fastify route and nothing else: what any service on Fastify costs before it does anything.
import Fastify from 'fastify';

const body = JSON.parse(process.env.BARE_BODY ?? '{}') as object;

const app = Fastify();
app.get('/v1/auth/me', () => body);
process.once('disconnect', () => process.exit());
const address = await app.listen({ port: 0, host: '127.0.0.1' });
process.send?.({ port: Number(new URL(address).port) });
