import { oneOfThree, outcomeOf, type KeyportClient, type Problem } from '@keyport/testing';
import { companyAudience, type CompanyProvider } from './company-provider.ts';
import { sendForm } from './oauth-client.ts';

export const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const jwtBearerGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

export interface Issuer {
  readonly id: string;
  readonly issuer: string;
  readonly keySet: {
    readonly kids: readonly string[];
    readonly fetchedAt: string | null;
    readonly problem: string | null;
  };
}

/** What the data team may do, and what nobody of the company goes beyond. */
export const mapping = [
  { claim: 'groups', value: 'data-team', scopes: ['records:read:orders', 'imports:create:orders', 'keys:read'] },
  { claim: 'groups', value: 'everything', scopes: ['records:*:*', 'imports:*:*', 'audit:read'] },
];
export const ceiling = ['records:read:*', 'imports:*:*', 'keys:read'];

/** Again where its keys, which it gives itself, did not come within the five seconds that they are waited for. */
export async function registerIssuer(by: KeyportClient, provider: CompanyProvider, more: object = {}): Promise<Issuer> {
  const json = {
    ...{ issuer: provider.issuer, jwksUri: provider.jwksUri, audience: companyAudience },
    ...{ scopeMapping: mapping, ceiling, maxLifetimeSeconds: 600, ...more },
  };
  const register = () => by.ok<Issuer>('/v1/issuers', { method: 'POST', json }).catch((error: Error) => error);
  const isLate = (tried: unknown) => tried instanceof Error && tried.message.includes('ISSUER_KEYS_UNAVAILABLE');
  const tried = await oneOfThree(register, (one) => !isLate(one));
  if (tried instanceof Error) throw tried;
  return tried;
}

interface Granted {
  readonly access_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly scope: string;
  readonly issued_token_type?: string;
  readonly authorization_details?: readonly object[];
  readonly error?: string;
  readonly error_description?: string;
}

type Form = Readonly<Record<string, string>>;

/** What the token endpoint answers to an exchange. */
export async function exchange(at: KeyportClient, subjectToken: string | undefined, form: Form = {}) {
  const all = {
    ...{ grant_type: exchangeGrant, subject_token: subjectToken ?? '', subject_token_type: accessTokenType },
    ...form,
  };
  const { status, body } = await sendForm(at, '/oauth/token', all);
  return { status, ...(body as unknown as Granted) };
}

export async function bearAssertion(at: KeyportClient, assertion: string, form: Form = {}) {
  const { status, body } = await sendForm(at, '/oauth/token', { grant_type: jwtBearerGrant, assertion, ...form });
  return { status, ...(body as unknown as Granted) };
}

/** A client with what is given for the token. */
export async function exchanged(at: KeyportClient, subjectToken: string | undefined, form: Form = {}) {
  const { status, access_token: token, ...rest } = await exchange(at, subjectToken, form);
  if (status !== 200) throw new Error(`the exchange was refused: ${status} ${JSON.stringify(rest)}`);
  return at.with(token);
}

export interface Me {
  readonly subject: string;
  readonly issuer: string;
  readonly kind: string;
  readonly scopes: readonly string[];
  readonly issuedAt: string;
  readonly expiresAt: string;
  readonly tokenId: string;
}

export const me = (client: KeyportClient) => client.ok<Me>('/v1/auth/me');
export const meOutcome = async (client: KeyportClient) => outcomeOf(await client.request<Problem>('/v1/auth/me'));
