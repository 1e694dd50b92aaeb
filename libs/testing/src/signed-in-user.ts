import { randomUUID } from 'node:crypto';
import type { KeyportClient } from './keyport-client.ts';

export interface TestSession {
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface SignedInUser extends TestSession {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  /** With the access token of the session. */
  readonly client: KeyportClient;
}

export const signIn = (client: KeyportClient, email: string, password: string): Promise<TestSession> =>
  client.with(undefined).ok<TestSession>('/v1/auth/login', { method: 'POST', json: { email, password } });

/** A new user, made by `owner` and signed in; a member with these scopes unless told otherwise. */
export async function signedInUser(
  owner: KeyportClient,
  user: { readonly role?: string; readonly scopes?: readonly string[] } = {},
): Promise<SignedInUser> {
  const [email, password] = [`${randomUUID()}@example.com`, randomUUID()];
  const json = { email, password, ...user };
  const created = await owner.ok<{ user: { id: string } }>('/v1/users', { method: 'POST', json });
  const session = await signIn(owner, email, password);
  return { id: created.user.id, email, password, ...session, client: owner.with(session.accessToken) };
}
