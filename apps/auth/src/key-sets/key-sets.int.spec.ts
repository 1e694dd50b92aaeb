import { randomUUID } from 'node:crypto';
import {
  buckets,
  changeIssuer,
  createIssuer,
  getIssuer,
  refreshIssuerKeys,
  type IssuerRights,
} from '@keyport/contracts';
import { openBucket } from '@keyport/messaging';
import { eventually, type GatewayDouble } from '@keyport/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthSystem } from '../harness/auth-system.ts';
import { fetchingHere, KeySetServer, publicJwk } from '../harness/key-set-server.ts';
import { rightsKeys } from '../rights/rights-entries.ts';

const administrator = { scope: 'issuers:*', iss: 'http://127.0.0.1:3000', sub: 'service:administrator' };

let system: AuthSystem;
let gateway: GatewayDouble;
const servers: KeySetServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function serve(...kids: string[]): Promise<KeySetServer> {
  const server = await KeySetServer.start(...kids);
  servers.push(server);
  return server;
}

async function register(server: KeySetServer): Promise<string> {
  const issuer = { issuer: `https://${randomUUID()}.example`, jwksUri: server.url, audience: 'keyport' };
  return (await gateway.ask(createIssuer, { ...issuer, scopeMapping: [], ceiling: [] }, administrator)).id;
}

const keySetOf = async (issuerId: string) => (await gateway.ask(getIssuer, { issuerId }, administrator)).keySet;
const untilKeySet = (issuerId: string, isSo: (keySet: Awaited<ReturnType<typeof keySetOf>>) => boolean) =>
  eventually(() => keySetOf(issuerId), isSo);
/** Whether the issuer has the key, as a gateway asks that does not know it. */
const look = (issuerId: string, kid: string) => gateway.ask(refreshIssuerKeys, { issuerId, kid });

/** Names of the keys that gateways verify its tokens with. */
async function shownKids(issuerId: string): Promise<string[]> {
  const entry = await (await openBucket(system.bus, buckets.rights)).get(rightsKeys.issuer(issuerId));
  return entry?.json<IssuerRights>().keys.map(({ kid }) => kid) ?? [];
}

const isOnceASecond = ({ hits, seconds }: { hits: number; seconds: number }) => hits <= Math.ceil(seconds) + 1;

/** What arrives while this goes on, and for how many seconds it went on. */
async function hitsWhile(server: KeySetServer, work: () => Promise<unknown>) {
  const [before, begun] = [server.hits, Date.now()];
  await work();
  return { hits: server.hits - before, seconds: (Date.now() - begun) / 1000 };
}
const untilHits = (server: KeySetServer, more: number) => {
  const wanted = server.hits + more;
  return eventually(
    () => server.hits,
    (hits) => hits >= wanted,
  );
};

describe('Two processes that fetch key sets every second', () => {
  beforeAll(async () => {
    system = await AuthSystem.start();
    await system.serve(fetchingHere(1, 1));
    await system.serve(fetchingHere(1, 1));
    gateway = await system.gateway();
  });

  afterAll(() => system.stop());

  it('follow a rotation that nobody asks about, and show it to the gateways', async () => {
    const server = await serve('first');
    const issuerId = await register(server);
    expect(await shownKids(issuerId)).toEqual(['first']);

    server.has('first', 'second');
    await untilKeySet(issuerId, ({ kids }) => kids.includes('second'));
    server.has('second');
    await untilKeySet(issuerId, ({ kids }) => !kids.includes('first'));

    await eventually(
      () => shownKids(issuerId),
      (kids) => kids.join() === 'second',
    );
  });

  it('fetch once a second together', async () => {
    const server = await serve('first');
    await register(server);

    // One that is fetched while the machine stands still may arrive beside the next.
    await eventually(() => hitsWhile(server, () => untilHits(server, 4)), isOnceASecond);
  });

  it('go on with known keys while the issuer is down, ask it no more often, and see it come up', async () => {
    const server = await serve('first');
    const issuerId = await register(server);

    server.goDown();
    const down = await untilKeySet(issuerId, ({ problem }) => problem === 'it cannot be reached');
    const whileAsked = () =>
      hitsWhile(server, async () => {
        // Everybody asks about keys that nobody has, all the while.
        const asking = Array.from({ length: 40 }, (_, at) => look(issuerId, `made-up-${at}`));
        expect((await Promise.all(asking)).map(({ isThere }) => isThere)).toEqual(asking.map(() => false));
        await untilHits(server, 2);
      });
    await eventually(whileAsked, isOnceASecond);
    const known = [await look(issuerId, 'first'), await shownKids(issuerId)];
    server.has('first', 'second');
    server.goUp();

    expect(down.kids).toEqual(['first']);
    expect(known).toEqual([{ isThere: true }, ['first']]);
    expect(await untilKeySet(issuerId, ({ problem }) => problem === null)).toMatchObject({ kids: ['first', 'second'] });
  });

  it.each<[string, string, NonNullable<KeySetServer['answer']>]>([
    ['never ends', 'it did not answer in time', (_request, response) => void response.write('{"keys":[')],
    [
      'is endless',
      'it is larger than 1048576 bytes',
      (_request, response) => {
        const piece = Buffer.alloc(64 * 1024, ' ');
        const more = () => {
          while (!response.destroyed && response.write(piece));
          response.once('drain', more);
        };
        more();
      },
    ],
    ['is no key set', 'it is no JSON Web Key Set', (_request, response) => response.end('[]')],
  ])('keep the known keys where an answer %s, and say why', async (_what, problem, answer) => {
    const server = await serve('first');
    const issuerId = await register(server);

    server.answer = answer;
    const keySet = await untilKeySet(issuerId, (now) => now.problem === problem);

    expect(keySet.kids).toEqual(['first']);
    expect(await shownKids(issuerId)).toEqual(['first']);
  });

  it('go nowhere where an answer points', async () => {
    const [server, inside] = [await serve('first'), await serve('of the inside')];
    const issuerId = await register(server);

    server.answer = (_request, response) => response.writeHead(302, { location: inside.url }).end();
    const keySet = await untilKeySet(issuerId, ({ problem }) => problem === 'it answered with the status 302');

    expect(keySet.kids).toEqual(['first']);
    expect(inside.hits).toBe(0);
  });

  it('are not held up for others by one that answers slowly', async () => {
    const [slow, other] = [await serve('first'), await serve('first')];
    await register(slow);
    const issuerId = await register(other);
    slow.answer = () => undefined;
    await untilHits(slow, 1);

    other.has('second');
    const found = () => untilKeySet(issuerId, ({ kids }) => kids.join() === 'second');
    const { hits, seconds } = await hitsWhile(slow, found);

    // Only one that was given up, after five seconds, was followed by another.
    expect(hits).toBeLessThanOrEqual(1 + Math.ceil(seconds / 5));
  });

  it('fetch none that was given', async () => {
    const server = await serve('first');
    const issuerId = await register(server);
    const jwks = { keys: [{ ...publicJwk(), kid: 'given' }] };
    await gateway.ask(changeIssuer, { issuerId, jwks }, administrator);
    const before = server.hits;
    const other = await serve('other');
    await register(other);

    // The look that finds the other one due finds all that are.
    await untilHits(other, 2);

    expect(server.hits - before).toBeLessThanOrEqual(1);
    expect(await keySetOf(issuerId)).toMatchObject({ kids: ['given'], fetchedAt: null });
  });
});

describe('An issuer that rests for an hour', () => {
  beforeAll(async () => {
    system = await AuthSystem.start();
    await system.serve(fetchingHere(3_600, 3_600));
    await system.serve(fetchingHere(3_600, 3_600));
    gateway = await system.gateway();
  });

  afterAll(() => system.stop());

  it('is asked by nobody, however many keys are made up', async () => {
    const server = await serve('first');
    const issuerId = await register(server);

    await Promise.all(Array.from({ length: 200 }, (_, at) => look(issuerId, `made-up-${at}`)));

    expect(server.hits).toBe(1);
  });

  it('is asked once by all who miss a key at the same moment, once it has rested', async () => {
    const server = await serve('first');
    const issuerId = await register(server);
    await system.database
      .collection<{ _id: string }>('issuers')
      .updateOne({ _id: issuerId }, { $set: { restsUntil: new Date(0) } });
    server.has('second');

    const found = await Promise.all(Array.from({ length: 100 }, () => look(issuerId, 'second')));

    expect(server.hits).toBe(2);
    expect(found.some(({ isThere }) => isThere)).toBe(true);
    expect(await look(issuerId, 'second')).toEqual({ isThere: true });
  });
});
