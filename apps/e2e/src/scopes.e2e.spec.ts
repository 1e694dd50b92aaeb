import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { datasetResources, scopeActions, type DeadLetter } from '@keyport/contracts';
import { eventually, TestStack, type KeyportClient, type Reply } from '@keyport/testing';
import { BusPublisher, eventText } from './bus-publisher.ts';
import { dataset, otherDataset, routeRules, type Ask, type RouteWorld } from './route-rules.ts';

/** Requests at once: the gateway has more to do than this process. */
const concurrency = 12;

/** `resource:action` of every resource, on both datasets where one follows. */
const singleScopes = Object.entries(scopeActions).flatMap(([resource, actions]) =>
  actions.flatMap((action) =>
    (datasetResources as readonly string[]).includes(resource)
      ? [dataset, otherDataset].map((name) => `${resource}:${action}:${name}`)
      : [`${resource}:${action}`],
  ),
);

type Outcome = 'allowed' | 'refused' | 'hidden' | `${number} ${string}`;

const scopesOf = ({ rule }: Ask): string[] => {
  const named = typeof rule === 'string' ? [] : rule.flatMap(({ scopes }) => scopes);
  return [...new Set(named)].map((scope) => scope.replace('{name}', dataset));
};

/** Every single scope, and where a row asks for several those together; `*` last. */
const scopeSetsFor = (ask: Ask): string[][] => {
  const together = scopesOf(ask);
  return [...singleScopes.map((scope) => [scope]), ...(together.length > 1 ? [together] : []), ['*']];
};

/** What the table says of a token with these scopes. */
function expected({ rule }: Ask, held: readonly string[]): Outcome {
  if (rule === 'session') return '403 SESSION_NEEDED';
  if (rule === 'link') return '401 TOKEN_MISSING';
  if (rule === 'public' || held.includes('*')) return 'allowed';
  const missing = rule.find(({ scopes, enough }) => {
    const isHeld = (scope: string) => held.includes(scope.replace('{name}', dataset));
    return enough === 'all' ? !scopes.every(isHeld) : !scopes.some(isHeld);
  });
  if (!missing) return 'allowed';
  return missing.refusal === 404 ? 'hidden' : 'refused';
}

/** What the gateway did. Where a row hides things from others, 404 is a refusal; elsewhere ids are made up. */
function outcomeOf({ rule }: Ask, { status, body }: Reply): Outcome {
  const { code = '', error } = body as { code?: string; error?: string };
  if (code === 'INSUFFICIENT_SCOPE' || error === 'insufficient_scope') return 'refused';
  if (status === 401 || status >= 500 || code === 'SESSION_NEEDED') return `${status} ${code}`;
  const hides = typeof rule !== 'string' && rule.some(({ refusal }) => refusal === 404);
  return status === 404 && hides ? 'hidden' : 'allowed';
}

describe('Each route lets pass', () => {
  let stack: TestStack;
  let owner: KeyportClient;
  let world: RouteWorld;
  let bus: BusPublisher;
  const minted = new Map<string, KeyportClient>();

  beforeAll(async () => {
    // A rotation waits until the new key was published for so long.
    stack = await TestStack.start({ env: { KEYPORT_KEY_SET_CACHE_SECONDS: '1' } });
    owner = stack.client;
    await owner.putDataset(otherDataset);
    await owner.putDataset(dataset);
    bus = await BusPublisher.on(stack);
    world = await makeWorld(owner, bus);
    await inTurns([...singleScopes, '*'], async (scope) => void minted.set(scope, await owner.minted(scope)));
  });

  beforeEach(() => owner.putDataset(dataset));

  afterAll(async () => {
    await bus?.close();
    await stack?.stop();
  });

  async function holderOf(scopes: readonly string[], { endsToken }: Ask): Promise<KeyportClient> {
    const known = endsToken ? undefined : minted.get(scopes.join(' '));
    return known ?? owner.minted(...scopes);
  }

  async function request(route: string, ask: Ask, client: KeyportClient): Promise<Reply> {
    const [method = '', template = ''] = route.split(' ');
    const { before, id, query = '', json, body, headers } = ask;
    await before?.(world);
    const path = template.replace('{name}', dataset).replace(/\{k?id\}/, (await id?.(world)) ?? '0'.repeat(24));
    return client.request(path + query, {
      method,
      ...(json === undefined ? {} : { json }),
      ...(body === undefined ? {} : { body }),
      ...(headers && { headers }),
    });
  }

  it('as the table says: every route of /openapi.json has a row, and every row a route', async () => {
    const { paths } = await owner.ok<{ paths: Record<string, Record<string, unknown>> }>('/openapi.json');
    const served = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );

    expect(Object.keys(routeRules).sort()).toEqual(served.sort());
  });

  const rows = Object.entries(routeRules).flatMap(([route, asks]) =>
    asks.map((ask): [string, string, Ask] => [route, ask.what ?? 'always', ask]),
  );

  it.each(rows.filter(([, , { rule }]) => rule === 'public'))('%s (%s): everybody', async (route, _what, ask) => {
    const { status, body } = await request(route, ask, owner.with(undefined));

    expect([200, 401, 422]).toContain(status);
    expect((body as { code?: string }).code).not.toBe('TOKEN_MISSING');
  });

  it.each(rows.filter(([, , { rule }]) => rule !== 'public'))(
    '%s (%s): who holds the scopes of its row, and nobody else',
    async (route, _what, ask) => {
      const sets = scopeSetsFor(ask);
      const found = new Map<string, Outcome>();

      await inTurns(
        sets,
        async (scopes) => {
          const reply = await request(route, ask, await holderOf(scopes, ask));
          found.set(scopes.join(' '), outcomeOf(ask, reply));
        },
        ask.before ? 1 : concurrency,
      );

      const wanted = sets.map((scopes) => [scopes.join(' '), expected(ask, scopes)] as const);
      expect(sets.length).toBeGreaterThan(65);
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted));
    },
  );

  it('nobody without a token, where one is asked', async () => {
    const found = await Promise.all(
      rows
        .filter(([, , { rule }]) => rule !== 'public')
        .map(async ([route, , { rule, json, body, headers }]) => {
          const ask: Ask = { rule, json, ...(body && { body }), ...(headers && { headers }) };
          const reply = await request(route, ask, owner.with(undefined));
          const { code, error } = reply.body as { code?: string; error?: string };
          return [route, reply.status, code ?? error];
        }),
    );

    const codeOf = (route: string) => {
      // An answer to HEAD has no body that could name the code; where a client may ask instead, it is one that is not known.
      if (route.startsWith('HEAD ')) return undefined;
      return route.includes('/oauth/') ? 'invalid_client' : 'TOKEN_MISSING';
    };
    expect(found.filter(([route, status, code]) => status !== 401 || code !== codeOf(String(route)))).toEqual([]);
  });
});

/** Does the work for all, at most so many at once, the last one alone. */
async function inTurns<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
  atOnce = concurrency,
): Promise<void> {
  const waiting = items.slice(0, -1).values();
  const worker = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  for (const last of items.slice(-1)) await work(last);
}

async function makeWorld(owner: KeyportClient, bus: BusPublisher): Promise<RouteWorld> {
  const { id: importId } = await owner.imported(dataset, 'application/x-ndjson', '{"a":1}\n');
  const { id: exportId } = await owner.exported(dataset);
  const email = `${randomUUID()}@example.com`;
  const password = randomUUID();
  await owner.ok('/v1/users', {
    method: 'POST',
    json: { email, password, role: 'member', scopes: ['keys:*', 'public-keys:*'] },
  });
  const { accessToken } = await owner
    .with(undefined)
    .ok<{ accessToken: string }>('/v1/auth/login', { method: 'POST', json: { email, password } });
  return { owner, importId, exportId, deadLetter: () => deadLetter(owner, bus), other: owner.with(accessToken) };
}

/** A new one, which no request before this can have taken away. */
async function deadLetter(owner: KeyportClient, bus: BusPublisher): Promise<string> {
  const source = `/scopes/${randomUUID()}`;
  await bus.one(dataset, eventText({ source, type: 'unknown' }));
  const find = async () => {
    const { items } = await owner.ok<{ items: DeadLetter[] }>(`/v1/dead-letters?dataset=${dataset}&limit=1000`);
    return items.find((letter) => letter.source === source)?.id;
  };
  return (await eventually(find, (id) => id !== undefined)) as string;
}
