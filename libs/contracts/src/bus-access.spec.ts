import { describe, expect, it } from '@jest/globals';
import { authorizationRequest, connectionAdvisory, connectionList, publisherInbox } from './bus-access.ts';

describe('publisherInbox', () => {
  it('is what any language can work out: the first half of the SHA-256 of the token, in hexadecimal', () => {
    // printf %s token | sha256sum
    expect(publisherInbox('token')).toBe('_INBOX.3c469e9d6c5875d37a43f353d4f88e61');
  });
});

describe('What nats-server says', () => {
  it('of who connects: the client, the server, and what came as a password or token', () => {
    const request = {
      server_id: { name: 'N', host: '127.0.0.1', id: 'NABC', version: '2.15.1' },
      user_nkey: 'UABC',
      client_info: { host: '127.0.0.1', id: 10, user: 'shop', kind: 'Client', type: 'nats' },
      connect_opts: { user: 'shop', pass: 'key', lang: 'nats.js', version: '3.4.0', protocol: 1 },
    };

    expect(authorizationRequest.parse({ iss: 'NABC', nats: request }).nats).toMatchObject({
      server_id: { id: 'NABC' },
      user_nkey: 'UABC',
      client_info: { id: 10, host: '127.0.0.1' },
      connect_opts: { pass: 'key' },
    });
  });

  it('of connections, also where there are none and where one has no user', () => {
    const list = { server: {}, data: { server_id: 'NABC', total: 1, connections: [{ cid: 3 }] } };

    expect(connectionList.parse(list).data.connections).toEqual([{ cid: 3, authorized_user: '' }]);
    expect(connectionList.parse({ data: { server_id: 'NABC', total: 0 } }).data.connections).toEqual([]);
    expect(connectionAdvisory.parse({ server: { id: 'NABC' }, client: { id: 3 } }).client.user).toBe('');
  });
});
