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
}

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
} as const satisfies Record<string, BucketContract>;
