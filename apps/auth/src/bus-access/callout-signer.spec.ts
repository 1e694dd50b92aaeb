import { describe, expect, it } from '@jest/globals';
import { decode } from '@nats-io/jwt';
import { createAccount, createServer, createUser } from '@nats-io/nkeys';
import { CalloutSigner } from './callout-signer.ts';

const account = createAccount();
const signer = new CalloutSigner(Buffer.from(account.getSeed()).toString());
const request = {
  server_id: { id: createServer().getPublicKey() },
  user_nkey: createUser().getPublicKey(),
  client_info: { id: 7 },
  connect_opts: {},
};
const permissions = { pub: { allow: ['ingest.v1.orders'], deny: [] }, sub: { allow: ['_INBOX.a.>'], deny: [] } };

describe('CalloutSigner', () => {
  it('answers with a user of the account for publishers, for this client and this server alone', async () => {
    const response = decode<{ jwt: string }>(
      await signer.admit(request, { name: 'keyport.a.b', permissions, exp: 99 }),
    );

    const user = decode<object>(response.nats.jwt ?? '');
    expect(response).toMatchObject({ iss: account.getPublicKey(), sub: request.user_nkey, aud: request.server_id.id });
    expect(user).toMatchObject({ iss: account.getPublicKey(), sub: request.user_nkey, aud: 'PUBLISHERS', exp: 99 });
    expect(user).toMatchObject({ name: 'keyport.a.b', nats: { ...permissions, type: 'user' } });
  });

  it('answers a refusal with its reason and no user', async () => {
    const { nats } = decode<object>(await signer.refuse(request, 'its key was revoked'));

    expect(nats).toMatchObject({ error: 'its key was revoked' });
    expect(nats).not.toHaveProperty('jwt');
  });

  it.each([
    ['no seed', 'SAnot-a-seed'],
    ['an empty file', '\n'],
    ['the seed of a user', `${Buffer.from(createUser().getSeed()).toString()}\n`],
    ['the public half', account.getPublicKey()],
  ])('refuses %s, without showing it', (_what, text) => {
    const make = () => new CalloutSigner(text);

    expect(make).toThrow(/^NATS_CALLOUT_SEED_FILE holds no seed of an NKey account$/);
    if (text.trim()) expect(make).not.toThrow(text.trim());
  });

  it('takes a seed with a line break behind it, as a file has', () => {
    expect(() => new CalloutSigner(`${Buffer.from(account.getSeed()).toString()}\n`)).not.toThrow();
  });
});
