import { keyCreated, type UsageLimits } from '@keyport/contracts';
import { keepsUntold, untoldEvent, type WithUntold } from '@keyport/outbox';
import { Schema, type Connection, type Model } from 'mongoose';

/** What is kept of an API key: never its token. */
export interface Key extends WithUntold {
  /** Key id, the `key` claim. */
  readonly _id: string;
  readonly userId: string;
  readonly name: string;
  /** The ceiling: what the key may do at most now. */
  readonly scopes: readonly string[];
  /** What its token says, and the ceiling may be raised to. */
  readonly tokenScopes: readonly string[];
  /** As JSON text: filters hold names that begin with `$`, which a database would take for its own. Null narrows nothing. */
  readonly authorizationDetails: string | null;
  readonly limits: UsageLimits;
  /** True where the ceiling is lowered or the key has limits: only then the bus needs to know. */
  readonly isLimited: boolean;
  /** `jti` of its token. */
  readonly tokenId: string;
  /** `kid` of the signing key that signed its token. */
  readonly signedBy: string;
  /** `anc` of its token: ids of the keys, and `kid` of the public keys, that it was minted through, nearest first. */
  readonly ancestors: readonly string[];
  readonly createdAt: Date;
  /** When its token ends; that of a key without an end does so after ten years. */
  readonly expiresAt: Date;
  /** The life it was given, and is given again when its token is replaced; null where it has no end. */
  readonly lifetimeSeconds: number | null;
  readonly lastUsedAt: Date | null;
  readonly rotatedAt: Date | null;
  readonly previousTokenEndsAt: Date | null;
  /** Tokens before the present one whose grace goes on, or whose end is not on the bus yet. */
  readonly previousTokens: readonly PreviousToken[];
  readonly revokedAt: Date | null;
  /** Until when the revocation must be shown on the bus. */
  readonly revocationKeptUntil: Date | null;
  readonly revocationAnnounced: boolean;
}

export interface PreviousToken {
  readonly tokenId: string;
  /** End of the grace. */
  readonly endsAt: Date;
  /** `exp` of the token. */
  readonly expiresAt: Date;
  readonly signedBy: string;
  /** True once the bus holds when it ends. */
  readonly isTold: boolean;
}

const previousToken = new Schema<PreviousToken>(
  {
    tokenId: { type: String, required: true },
    endsAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
    signedBy: { type: String, required: true },
    isTold: { type: Boolean, required: true },
  },
  { _id: false },
);

const schema = new Schema<Key>(
  {
    _id: { type: String, required: true },
    userId: { type: String, required: true },
    name: { type: String, required: true },
    scopes: { type: [String], required: true },
    tokenScopes: { type: [String], required: true },
    authorizationDetails: { type: String, default: null },
    limits: { type: Schema.Types.Mixed, required: true },
    isLimited: { type: Boolean, required: true },
    tokenId: { type: String, required: true },
    signedBy: { type: String, required: true },
    ancestors: { type: [String], required: true },
    createdAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
    lifetimeSeconds: { type: Number, default: null },
    lastUsedAt: { type: Date, default: null },
    rotatedAt: { type: Date, default: null },
    previousTokenEndsAt: { type: Date, default: null },
    previousTokens: { type: [previousToken], default: [] },
    revokedAt: { type: Date, default: null },
    revocationKeptUntil: { type: Date, default: null },
    revocationAnnounced: { type: Boolean, default: false },
  },
  // An empty object is a value here: no limits.
  { versionKey: false, minimize: false },
);
schema.index({ userId: 1, _id: -1 });
schema.index({ tokenId: 1 });
schema.index({ 'previousTokens.tokenId': 1 }, { partialFilterExpression: { rotatedAt: { $type: 'date' } } });
schema.index({ userId: 1, expiresAt: 1, _id: 1 });
schema.index({ expiresAt: 1, _id: 1 });
schema.index({ revocationKeptUntil: 1 }, { partialFilterExpression: { revocationKeptUntil: { $type: 'date' } } });
schema.index({ signedBy: 1, expiresAt: -1 });
schema.index({ ancestors: 1 });
schema.index({ isLimited: 1 }, { partialFilterExpression: { isLimited: true } });
schema.index({ 'previousTokens.isTold': 1 }, { partialFilterExpression: { rotatedAt: { $type: 'date' } } });
keepsUntold(schema);

export const keyModel = (connection: Connection): Model<Key> => connection.model<Key>('Key', schema, 'keys');

type Given = Pick<
  Key,
  '_id' | 'userId' | 'name' | 'scopes' | 'tokenId' | 'signedBy' | 'ancestors' | 'createdAt' | 'expiresAt'
> &
  Partial<Pick<Key, 'authorizationDetails' | 'limits' | 'lifetimeSeconds'>>;

/** A key as it is stored first: it may do what its token says. */
export const newKey = (given: Given): Key => {
  const lifetimeSeconds = Math.round((given.expiresAt.getTime() - given.createdAt.getTime()) / 1000);
  const key = { authorizationDetails: null, limits: {}, lifetimeSeconds, ...given };
  const { scopes } = key;
  return {
    ...key,
    untold: [untoldEvent(keyCreated, { scopes, expiresAt: endOf(key)?.toISOString() ?? null })],
    tokenScopes: scopes,
    isLimited: isLimited(scopes, scopes, key.limits ?? {}),
    lastUsedAt: null,
    rotatedAt: null,
    previousTokenEndsAt: null,
    previousTokens: [],
    revokedAt: null,
    revocationKeptUntil: null,
    revocationAnnounced: false,
  };
};

/** Null where it has no end. */
export const endOf = ({ lifetimeSeconds, expiresAt }: Pick<Key, 'lifetimeSeconds' | 'expiresAt'>): Date | null =>
  lifetimeSeconds === null ? null : expiresAt;

/** True where a key may do less than its token says, or has limits of its own. */
export const isLimited = (ceiling: readonly string[], tokenScopes: readonly string[], limits: UsageLimits): boolean =>
  Object.keys(limits).length > 0 ||
  ceiling.length !== tokenScopes.length ||
  ceiling.some((scope) => !tokenScopes.includes(scope));
