import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type dns from 'node:dns';
import { KeyportError } from '@keyport/contracts';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AddressPolicy } from './address-policy.ts';
import { fetchKeySet, maxKeySetBytes } from './fetch-key-set.ts';

const local = new AddressPolicy(['127.0.0.0/8', '::1/128']);
/** Where it is not what ends the fetch. */
const timeoutMs = 50_000;
const servers: Server[] = [];
/** Requests that arrived. */
let hits = 0;

afterEach(async () => {
  hits = 0;
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    hits += 1;
    answer(request, response);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A resolver that gives each name these addresses, one list a call, the last for ever. */
function resolver(...answers: string[][]) {
  const asked: string[] = [];
  const lookup = ((name: string, _options: unknown, answer: (error: null, all: dns.LookupAddress[]) => void) => {
    asked.push(name);
    const addresses = (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
    answer(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  }) as unknown as typeof dns.lookup;
  return { lookup, asked };
}

async function reasonOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    expect(error).toBeInstanceOf(KeyportError);
    expect((error as KeyportError).code).toBe('ISSUER_KEYS_UNAVAILABLE');
    return String((error as KeyportError).params.reason);
  }
}

describe('A key set', () => {
  it('is fetched from an address that may be asked', async () => {
    const url = await serve((_request, response) => response.end('{"keys":[]}'));

    expect(await fetchKeySet(url, { policy: local, timeoutMs })).toEqual({ keys: [] });
  });

  it('is fetched by a name all of whose addresses may be asked, and over what was checked', async () => {
    const url = new URL(await serve((_request, response) => response.end('{"keys":[]}')));
    // The second answer is another one: a name that is looked up again would lead elsewhere (DNS rebinding).
    const { lookup, asked } = resolver(['127.0.0.1'], ['10.0.0.1']);

    const found = await fetchKeySet(`http://keys.example:${url.port}`, { policy: local, lookup, timeoutMs });

    expect(found).toEqual({ keys: [] });
    expect(asked).toEqual(['keys.example']);
  });

  it.each([
    ['one of whose addresses may not be asked', ['127.0.0.1', '10.0.0.1']],
    ['whose address is link-local', ['169.254.169.254']],
    ['whose address is IPv4-mapped', ['::ffff:10.0.0.1']],
    ['whose address is unique local', ['fd00::1']],
    ['without an address', []],
  ])('is not fetched by a name %s', async (_what, addresses) => {
    const url = new URL(await serve((_request, response) => response.end('{"keys":[]}')));
    const { lookup } = resolver(addresses);

    const reason = await reasonOf(fetchKeySet(`http://keys.example:${url.port}`, { policy: local, lookup, timeoutMs }));

    expect([reason, hits]).toEqual(['its address may not be asked', 0]);
  });

  it.each([
    ['dotted', '127.0.0.1'],
    ['decimal', '2130706433'],
    ['octal', '0177.0.0.1'],
    ['hexadecimal', '0x7f000001'],
    ['short', '127.1'],
    ['dotted, with a dot behind it', '127.0.0.1.'],
    ['in full-width digits', '１２７.０.０.１'],
    ['IPv6', '[::1]'],
    ['IPv4-mapped', '[::ffff:127.0.0.1]'],
    ['IPv4-mapped in hexadecimal', '[::ffff:7f00:1]'],
    ['NAT64', '[64:ff9b::7f00:1]'],
    ['unspecified', '0.0.0.0'],
  ])('is not fetched from this machine, its address written as %s', async (_what, host) => {
    const { port } = new URL(await serve((_request, response) => response.end('{"keys":[]}')));
    const policy = new AddressPolicy([]);

    const reasons = [
      await reasonOf(fetchKeySet(`http://${host}:${port}/`, { policy, timeoutMs })),
      await reasonOf(fetchKeySet(`https://${host}:${port}/`, { policy, timeoutMs })),
    ];

    expect([...reasons, hits]).toEqual(['its address may not be asked', 'its address may not be asked', 0]);
  });

  it.each(['localhost', 'localhost.'])('is not fetched from this machine by its name %s', async (host) => {
    const { port } = new URL(await serve((_request, response) => response.end('{"keys":[]}')));

    const reason = await reasonOf(
      fetchKeySet(`https://${host}:${port}/`, { policy: new AddressPolicy([]), timeoutMs }),
    );

    expect(['its address may not be asked', 'it cannot be reached']).toContain(reason);
    expect(hits).toBe(0);
  });

  it('is not fetched by http from elsewhere', async () => {
    const { lookup } = resolver(['93.184.216.34']);

    const reason = await reasonOf(fetchKeySet('http://keys.example/', { policy: local, lookup, timeoutMs }));

    expect(reason).toBe('its address may not be asked');
  });

  it.each([
    ['no URL', 'keys'],
    ['a file', 'file:///etc/passwd'],
    ['data', 'data:application/json,{"keys":[]}'],
    ['with a password', 'https://a:b@keys.example/'],
    ['with a fragment', 'https://keys.example/#a'],
  ])('is not fetched from what is %s', async (_what, uri) => {
    expect(await reasonOf(fetchKeySet(uri, { policy: local, timeoutMs }))).toMatch(/^its address (is|holds)/);
  });

  it.each([301, 302, 303, 307, 308])('is not fetched from where an answer with %i points', async (status) => {
    const target = await serve((_request, response) => response.end('{"keys":[]}'));
    const url = await serve((_request, response) => response.writeHead(status, { location: target }).end());

    const reason = await reasonOf(fetchKeySet(url, { policy: local, timeoutMs }));

    expect([reason, hits]).toEqual([`it answered with the status ${status}`, 1]);
  });

  it.each<[string, string, RequestListener]>([
    ['is refused', 'it answered with the status 404', (_request, response) => response.writeHead(404).end('{}')],
    ['is no JSON', 'it is no JSON', (_request, response) => response.end('<html>')],
    ['is no UTF-8', 'it is no JSON', (_request, response) => response.end(Buffer.from([0x22, 0xff, 0x22]))],
    [
      'is compressed',
      'its answer is compressed',
      (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('{}'),
    ],
    [
      'breaks off',
      'it cannot be reached',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('{"keys":');
        response.destroy();
      },
    ],
    ['is not there', 'it cannot be reached', (request) => request.socket.destroy()],
    [
      'has too long a header',
      'it cannot be reached',
      (_request, response) => response.writeHead(200, { long: 'x'.repeat(20_000) }).end('{}'),
    ],
  ])('that %s gives a reason and no more', async (_what, expected, answer) => {
    expect(await reasonOf(fetchKeySet(await serve(answer), { policy: local, timeoutMs }))).toBe(expected);
  });

  it('that goes on for ever is broken off at a mebibyte', async () => {
    let written = 0;
    const url = await serve((_request, response) => {
      const piece = Buffer.alloc(64 * 1024, ' ');
      const more = () => {
        while (!response.destroyed && response.write(piece)) written += piece.length;
        response.once('drain', more);
      };
      more();
    });

    expect(await reasonOf(fetchKeySet(url, { policy: local, timeoutMs }))).toBe(
      `it is larger than ${maxKeySetBytes} bytes`,
    );
    expect(written).toBeLessThan(64 * maxKeySetBytes);
  });

  it.each<[string, RequestListener]>([
    ['never begins', () => undefined],
    ['begins and never ends', (_request, response) => void response.write('{')],
    [
      'comes byte by byte',
      (_request, response) => {
        const drip = setInterval(() => response.write(' '), 20);
        response.once('close', () => clearInterval(drip));
      },
    ],
  ])('that %s is given up in time', async (_what, answer) => {
    const reason = await reasonOf(fetchKeySet(await serve(answer), { policy: local, timeoutMs: 300 }));

    // Without a limit for all of it, it would never end.
    expect(reason).toBe('it did not answer in time');
  });

  it('whose name is never looked up is given up in time', async () => {
    const lookup = (() => undefined) as unknown as typeof dns.lookup;

    const reason = await reasonOf(fetchKeySet('https://keys.example', { policy: local, lookup, timeoutMs: 200 }));

    expect(reason).toBe('it did not answer in time');
  });
});
