import type { ServiceName } from './services.ts';

/** A JetStream stream and the service that creates and configures it. */
export interface StreamContract {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly owner: ServiceName;
}

/** A JetStream KV bucket, the service that creates it, those that write to it and those that watch it. */
export interface BucketContract {
  readonly name: string;
  readonly owner: ServiceName;
  readonly writers: readonly ServiceName[];
  readonly watchers: readonly ServiceName[];
  /** Entries not renewed for so long go away; 0 keeps them. */
  readonly ttlMs: number;
  /** Beyond it nothing more is taken; without it there is no bound. */
  readonly maxBytes?: number;
}

/**
 * Where a bucket's stream publishes once more what it has stored, for those who watch it: they may read, and make nothing in
 * the account of its owner (NATS docs, "RePublish").
 */
export const republishOf = ({ name }: Pick<BucketContract, 'name'>) => ({
  src: `$KV.${name}.>`,
  dest: `changed.v1.${name}.>`,
});

/** What those who watch a bucket listen to. */
export const changesOf = (bucket: Pick<BucketContract, 'name'>): string => republishOf(bucket).dest;

export const streams = {
  uploads: { name: 'UPLOADS', subjects: ['uploads.v1.*'], owner: 'import' },
  ingest: { name: 'INGEST', subjects: ['ingest.v1.*'], owner: 'import' },
  audit: { name: 'AUDIT', subjects: ['audit.v1.*'], owner: 'auth' },
  events: { name: 'EVENTS', subjects: ['events.v1.>'], owner: 'auth' },
} as const satisfies Record<string, StreamContract>;

export const buckets = {
  revocations: {
    name: 'revocations',
    owner: 'auth',
    writers: ['auth'],
    watchers: ['gateway', 'auth', 'import', 'export', 'records'],
    ttlMs: 0,
  },
  rights: {
    name: 'rights',
    owner: 'auth',
    writers: ['auth'],
    watchers: ['gateway', 'auth', 'import', 'export', 'records'],
    ttlMs: 0,
  },
  jwks: {
    name: 'jwks',
    owner: 'auth',
    writers: ['auth'],
    watchers: ['gateway', 'auth', 'import', 'export', 'records'],
    ttlMs: 0,
  },
  contextKeys: {
    name: 'context-keys',
    owner: 'auth',
    writers: ['gateway'],
    watchers: ['auth', 'import', 'export', 'records'],
    ttlMs: 120_000,
  },
  /** DPoP proofs that were shown: longer than one is good, by a clock that goes wrong by as much as clocks may. */
  dpopProofs: {
    name: 'dpop-proofs',
    owner: 'auth',
    writers: ['gateway'],
    watchers: [],
    ttlMs: 90_000,
    maxBytes: 64 * 1024 * 1024,
  },
  /** Those that came with requests for tokens, which anybody may send: they take no room from the others. */
  dpopTokenProofs: {
    name: 'dpop-token-proofs',
    owner: 'auth',
    writers: ['gateway'],
    watchers: [],
    ttlMs: 90_000,
    maxBytes: 16 * 1024 * 1024,
  },
} as const satisfies Record<string, BucketContract>;
