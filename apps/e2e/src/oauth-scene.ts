import { expect } from '@jest/globals';
import { refusedWithinASecond, withinASecond, type KeyportClient } from '@keyport/testing';
import { basicOf, sendForm, type Registered } from './oauth-client.ts';
import { gateways, owner } from './two-gateways.ts';

export interface Token {
  readonly access_token: string;
  readonly scope: string;
  readonly expires_in: number;
}

export async function tokenOf(
  { client, secret }: Registered,
  form: Readonly<Record<string, string>> = {},
): Promise<Token> {
  const wanted = { grant_type: 'client_credentials', ...form };
  const { status, body } = await sendForm(owner, '/oauth/token', wanted, basicOf(client.id, secret));
  expect([status, body]).toMatchObject([200, {}]);
  return body as unknown as Token;
}

export const holder = async (registered: Registered) => owner.with((await tokenOf(registered)).access_token);
export const introspect = async (by: KeyportClient, token: string) => {
  const headers = { authorization: `Bearer ${owner.token}` };
  const { status, body } = await sendForm(by, '/oauth/introspect', { token }, headers);
  expect(status).toBe(200);
  return body;
};

/** Rejects where a gateway calls the token active after a second. */
export const inactiveEverywhere = (token: string) =>
  Promise.all(
    gateways.map((gateway) =>
      withinASecond(
        () => introspect(gateway, token),
        ({ active }) => active === false,
      ),
    ),
  );
export const refusedEverywhere = (token: string) =>
  Promise.all(gateways.map((gateway) => refusedWithinASecond(gateway.with(token))));
