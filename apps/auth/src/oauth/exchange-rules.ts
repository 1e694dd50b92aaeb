import { narrowDetails, registeredClientOf, type Identity } from '@keyport/access';
import { authorizationDetails, KeyportError, type AuthorizationDetail } from '@keyport/contracts';
import type { TokenRequest } from '../tokens/access-tokens.service.ts';

/** The `anc` claim holds so many. */
const maxAncestors = 4;
export const defaultExchangedSeconds = 3600;

type Details = readonly AuthorizationDetail[] | undefined;
type Given = Pick<TokenRequest, 'subject' | 'keyId' | 'ancestors' | 'issuerId' | 'clientId'> &
  Required<Pick<TokenRequest, 'origin'>>;

export const refuseExchange = (reason: string, cause?: unknown): never => {
  throw new KeyportError('OAUTH_REQUEST_INVALID', { reason }, { cause });
};

/**
 * What a token says of itself that is given for another one which Keyport signed, or a self-issued one: for the same user,
 * or client, and naming all that ends the other, so that it ends too. Throws OAUTH_REQUEST_INVALID.
 */
export function exchangedFrom(parent: Identity, clientId: string | undefined): Given {
  const { publicKeyId, keyId, subject, userId, origin } = parent;
  const ancestors = [publicKeyId ?? parent.tokenId, ...parent.ancestors];
  if (ancestors.length > maxAncestors) refuseExchange(`more than ${maxAncestors} tokens and keys would lie behind it`);
  const parentClient = registeredClientOf(parent);
  const child = clientId ?? parentClient;
  const clients = [...new Set([parentClient, ...(origin?.clients ?? [])])].filter((id) => id !== undefined);
  const sid = parent.sessionId ?? origin?.sid;
  return {
    subject: publicKeyId === undefined ? subject : (userId ?? subject),
    ...{ keyId, ancestors, issuerId: parent.issuerId, clientId: child },
    origin: {
      // Of a self-issued token it says under `ext` when that one was made.
      iat: publicKeyId === undefined ? Math.min(parent.issuedAt, origin?.iat ?? Infinity) : undefined,
      kids: publicKeyId === undefined ? [...new Set([parent.signedBy, ...(origin?.kids ?? [])])] : [],
      clients: clients.filter((id) => id !== child),
      ...(sid !== undefined && { sid }),
      ...extOf(publicKeyId === undefined ? origin?.ext : externalOf(parent)),
    },
  };
}

/**
 * As {@link exchangedFrom}, for a token of another issuer. Its `(iss, sub)` is one principal, and never one of this
 * deployment's: `<iss>|<sub>` has a `:`, which no id here has, and `iss` has no `|`.
 */
export function givenForExternal(parent: Identity, clientId: string | undefined): Given {
  return {
    subject: `${parent.issuer}|${parent.subject}`,
    ...{ keyId: undefined, ancestors: [], issuerId: parent.issuerId, clientId },
    origin: { iat: undefined, kids: [], clients: [], ...extOf(externalOf(parent)) },
  };
}

type External = NonNullable<NonNullable<Identity['origin']>['ext']>;

const externalOf = ({ issuer, subject, tokenId, signedBy, issuedAt }: Identity): External => ({
  ...{ iss: issuer, sub: subject, kid: signedBy, iat: issuedAt },
  ...(tokenId !== '' && { jti: tokenId }),
});

const extOf = (ext: External | undefined) => (ext ? { ext } : {});

/**
 * Rows and fields of what is given: those of the token, narrowed by those that are asked for. Throws
 * OAUTH_DETAILS_INVALID for a detail that cannot be read, or of which the token has nothing.
 */
export function exchangedDetails(held: Details, asked: string | undefined): Details {
  if (asked === undefined) return held;
  const details = readDetails(asked);
  const lacking = details.findIndex((detail) => narrowDetails(held, [detail])?.length === 0);
  if (lacking >= 0) return refuseDetails(`the token has nothing of the one at ${lacking}`);
  return narrowDetails(held, details);
}

function readDetails(text: string): readonly AuthorizationDetail[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuseDetails('they are no JSON');
  }
  const parsed = authorizationDetails.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return refuseDetails(`${issue?.path.join('.') ?? 'they'} ${issue?.message ?? 'cannot be read'}`);
}

const refuseDetails = (reason: string): never => {
  throw new KeyportError('OAUTH_DETAILS_INVALID', { reason });
};

/** Seconds: an hour unless told, and never beyond any of the ends (seconds since the epoch, or of a policy). */
export function exchangedLifetime(asked: string | undefined, secondsAtMost: readonly number[]): number {
  const lifetime = Math.min(asked === undefined ? defaultExchangedSeconds : Number(asked), ...secondsAtMost);
  return lifetime >= 1 ? lifetime : refuseExchange('the token has ended');
}

/** RFC 8693 §4.1: who acts now, and within it who acted before. A client that anybody may claim to be is no actor. */
export function actorOf(
  client: { readonly _id: string; readonly authentication: string } | undefined,
  before: unknown,
): TokenRequest['actor'] {
  const isRecord = typeof before === 'object' && before !== null;
  const earlier = isRecord ? (before as Record<string, unknown>) : undefined;
  if (!client || client.authentication === 'none') return earlier;
  return { sub: client._id, ...(earlier && { act: earlier }) };
}
