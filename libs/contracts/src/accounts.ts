import { crossing, natsAccounts } from './bus-access.ts';
import { natsReaches } from './permissions.ts';
import { serviceNames, type ServiceName } from './services.ts';
import { buckets, changesOf, streams, type BucketContract } from './streams.ts';

/**
 * What one account of nats-server takes from another (NATS docs, "Accounts"). A `service` carries messages to the account
 * that offers it, and their answers back; a `stream` carries to the account that takes it what is published in the other.
 */
export interface Crossing {
  readonly kind: 'service' | 'stream';
  readonly subject: string;
  /** Account that offers it. */
  readonly from: string;
  /** Account that takes it. */
  readonly to: string;
  /** Of a service: an account of its own makes room for one answer, or for as many as come. */
  readonly replies: 'one' | 'many';
}

/** The account of a service, in which there is nobody else but, with streams, a user for tools. */
export const accountOf = (service: ServiceName): string => service.toUpperCase();

/** In whose account JetStream keeps streams and buckets: that of the service that owns them. */
export const storingServices: readonly ServiceName[] = serviceNames.filter((service) =>
  [...Object.values(streams), ...Object.values(buckets)].some(({ owner }) => owner === service),
);

const requested = serviceNames.flatMap((service) =>
  natsReaches[service]
    .filter(({ owner }) => owner !== service)
    .map(({ subject, owner, replies }): Crossing => {
      return { kind: 'service', subject, from: accountOf(owner), to: accountOf(service), replies };
    }),
);

const watched = Object.values(buckets as Readonly<Record<string, BucketContract>>).flatMap((bucket) =>
  bucket.watchers
    .filter((service) => service !== bucket.owner)
    .map((service): Crossing => {
      const [from, to] = [accountOf(bucket.owner), accountOf(service)];
      return { kind: 'stream', subject: changesOf(bucket), from, to, replies: 'many' };
    }),
);

const { publishers } = natsAccounts;

/** All that crosses from one account to another; what is not here does not. */
export const crossings: readonly Crossing[] = [
  ...requested,
  ...watched,
  { kind: 'service', subject: crossing.ingest, from: accountOf(streams.ingest.owner), to: publishers, replies: 'one' },
  { kind: 'stream', subject: crossing.events, from: accountOf(streams.events.owner), to: publishers, replies: 'many' },
];
