import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answeredBy, type HttpAttack } from '../attack.ts';
import type { Workshop } from '../workshop.ts';

/**
 * A part of this machine's addresses, from which the suite's deployment fetches key sets: what stands there is what an
 * issuer on the Internet could be. No other address of the machine is in it.
 */
export const issuersNetwork = '127.9.0.0/16';
const issuersAddress = '127.9.0.1';

/** An issuer registered whose key set is answered so. */
const answering = (answer: (workshop: Workshop) => RequestListener) => async (workshop: Workshop) => {
  const server = createServer(answer(workshop));
  server.listen(0, issuersAddress);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    return await workshop.owner.request('/v1/issuers', {
      method: 'POST',
      json: {
        ...{ issuer: 'https://idp.example', audience: 'x', scopeMapping: [], ceiling: [] },
        jwksUri: `http://${issuersAddress}:${port}/jwks`,
      },
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

const pointing = (status: number) =>
  answering(
    ({ listener }) =>
      (_request, response) =>
        response.writeHead(status, { location: `${listener.url}/jwks` }).end(),
  );

export const keySetAttacks: readonly HttpAttack[] = answeredBy(
  '422 ISSUER_KEYS_UNAVAILABLE',
  'OWASP API7:2023; CWE-918; CWE-400; RFC 9700 §4.14',
  {
    'a key set that points inside (301)': pointing(301),
    'a key set that points inside (302)': pointing(302),
    'a key set that points inside (307)': pointing(307),
    'a key set that points inside by a refresh': answering(({ listener }) => (_request, response) => {
      response.writeHead(200, { refresh: `0; url=${listener.url}/jwks`, 'content-type': 'text/html' }).end('<html>');
    }),
    'a key set that comes byte by byte': answering(() => (_request, response) => {
      const drip = setInterval(() => response.write(' '), 100);
      response.once('close', () => clearInterval(drip));
    }),
    'a key set that never begins': answering(() => () => undefined),
    'a key set that never ends': answering(() => (_request, response) => {
      const piece = Buffer.alloc(64 * 1024, ' ');
      const more = () => {
        while (!response.destroyed && response.write(piece));
        response.once('drain', more);
      };
      more();
    }),
    'a key set that unpacks to more than it is': answering(() => (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('{"keys":[]}');
    }),
    'a key set of a hundred and one keys': answering(() => (_request, response) => {
      response.end(JSON.stringify({ keys: Array.from({ length: 101 }, (_, at) => ({ kty: 'OKP', kid: `k${at}` })) }));
    }),
  },
);
