import { describe, expect, it } from '@jest/globals';
import { Holder, type Identity } from '@keyport/access';
import { connectionName, namedConnection } from './connection-name.ts';

const identity: Identity = {
  issuer: 'https://keyport.example',
  subject: '0123456789abcdef01234567',
  tokenId: 'token-1',
  issuedAt: 1_796_000_000,
  signedBy: 'keyport-1',
  keyId: 'abc123',
  sessionId: undefined,
  publicKeyId: undefined,
  userId: '0123456789abcdef01234567',
  clientId: 'keyport',
  ancestors: ['parent', 'grandparent'],
  scopes: ['events:publish:orders', 'records:read:orders'],
  details: undefined,
};
const holder = new Holder(identity, 1_796_100_000);

describe('connectionName', () => {
  it('tells whom the connection was opened for and with which rights, to whoever reads it back', () => {
    const name = connectionName(holder, ['events:publish:orders']);

    const { holder: read, ...rest } = namedConnection(name) ?? {};
    expect(read?.identity).toEqual({ ...identity, jobId: undefined, scopes: ['events:publish:orders'] });
    expect(read?.exp).toBe(holder.exp);
    expect(read?.revocationPrints).toEqual(holder.revocationPrints);
    expect(rest).toEqual({});
  });

  it('tells when it is to be opened anew, and which datasets its prefixes stood for', () => {
    const name = connectionName(holder, [], { renewAt: 1_796_050_000, datasetsPrint: 'print' });

    expect(namedConnection(name)).toMatchObject({ renewAt: 1_796_050_000, datasetsPrint: 'print' });
  });

  it('begins with the key, or the token where there is none, for people who read logs', () => {
    const session = new Holder({ ...identity, keyId: undefined, sessionId: 's' }, 1);

    expect(connectionName(holder, [])).toMatch(/^keyport\.key-abc123\.[\w-]+$/);
    expect(connectionName(session, [])).toMatch(/^keyport\.token-token-1\.[\w-]+$/);
  });
});

describe('namedConnection', () => {
  it.each(['gateway', '', 'keyport.', 'keyport.key-1', 'keyport.key-1.e30', 'keyport.key-1.@@', 'other.key-1.e30'])(
    'reads nothing from %j',
    (name) => {
      expect(namedConnection(name)).toBeUndefined();
    },
  );
});
