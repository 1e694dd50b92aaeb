import { describe, expect, it } from '@jest/globals';
import { datasetsBehind, datasetsPrint, publisherPermissions } from './publisher-permissions.ts';

const inbox = '_INBOX.0123';

describe('publisherPermissions', () => {
  it('allows the subject of each dataset and the inbox, and no more', () => {
    const permissions = publisherPermissions({ publish: ['orders', 'paid'], listens: false }, [], inbox);

    expect(permissions).toEqual({
      pub: { allow: ['ingest.v1.orders', 'ingest.v1.paid'], deny: [] },
      sub: { allow: ['_INBOX.0123.>'], deny: [] },
    });
  });

  it('allows one wildcard for all datasets, those too that are made later', () => {
    expect(publisherPermissions({ publish: ['*'], listens: false }, [], inbox).pub.allow).toEqual(['ingest.v1.*']);
  });

  it('allows what a prefix stands for now by name, since NATS has no such wildcard', () => {
    const { pub } = publisherPermissions({ publish: ['orders-*'], listens: false }, ['orders-eu', 'orders-us'], inbox);

    expect(pub.allow).toEqual(['ingest.v1.orders-eu', 'ingest.v1.orders-us']);
  });

  it.each([
    ['who may only listen', [], true],
    ['a prefix that stands for nothing yet', ['orders-*'], false],
  ])('forbids everything to %s: an empty list would forbid nothing', (_whom, publish, listens) => {
    expect(publisherPermissions({ publish, listens }, [], inbox).pub).toEqual({ allow: [], deny: ['>'] });
  });

  it('lets those listen who may, and nobody else', () => {
    const subscribed = (listens: boolean) => publisherPermissions({ publish: [], listens }, [], inbox).sub.allow;

    expect(subscribed(true)).toEqual(['_INBOX.0123.>', 'events.v1.>']);
    expect(subscribed(false)).toEqual(['_INBOX.0123.>']);
  });
});

describe('datasetsBehind', () => {
  it('gives the datasets of every prefix, in order, and none of exact names', () => {
    const names = ['paid', 'orders-us', 'orders', 'orders-eu', 'other'];

    expect(datasetsBehind(['orders-*', 'pa*', 'other'], names)).toEqual(['orders-eu', 'orders-us', 'paid']);
  });
});

describe('datasetsPrint', () => {
  it('tells one set from another, also where the names run together alike', () => {
    expect(datasetsPrint(['a', 'b'])).toBe(datasetsPrint(['a', 'b']));
    expect(new Set([['a', 'b'], ['ab'], ['a'], []].map(datasetsPrint)).size).toBe(4);
  });
});
