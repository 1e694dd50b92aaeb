import { z } from 'zod';

const schema = z.object({
  /** Where Keyport's bus listens. */
  NATS_URL: z.string().min(1).default('nats://127.0.0.1:4222'),
  /** A Keyport key with `events:publish:orders`. */
  KEYPORT_TOKEN: z.string().min(1),
  /** How many orders come in before the shop closes. */
  ORDERS: z.coerce.number().int().min(1).max(100_000).default(30),
});
export type Config = z.output<typeof schema>;

export const readConfig = (env: NodeJS.ProcessEnv = process.env): Config => schema.parse(env);
