import { describe, expect, it } from '@jest/globals';
import { KeyportError } from '@keyport/contracts';
import type { GatewayConfig } from '../config.ts';
import { OpenStreams } from './open-streams.ts';
import type { Holder } from './request-limits.ts';

const config = { KEYPORT_EVENT_STREAMS: 2, KEYPORT_EVENT_STREAMS_IN_ALL: 3 } as GatewayConfig;
const holder = (keyId: string): Holder => ({ issuer: 'i', subject: 's', keyId, ancestors: [] }) as unknown as Holder;

function refusalOf(open: () => unknown) {
  try {
    open();
    return undefined;
  } catch (error) {
    return error instanceof KeyportError ? [error.code, error.params.of, error.params.limit] : error;
  }
}

describe('Open streams', () => {
  it('of one holder are as many as it may have, and again once one has ended', () => {
    const streams = new OpenStreams(config);
    const [close] = [streams.open(holder('a'), 'x'), streams.open(holder('a'), 'x')];

    expect(refusalOf(() => streams.open(holder('a'), 'x'))).toEqual(['TOO_MANY_STREAMS', 'holder', 2]);
    close?.();
    expect(refusalOf(() => streams.open(holder('a'), 'x'))).toBeUndefined();
  });

  it('of all together are as many as a gateway has', () => {
    const streams = new OpenStreams(config);
    for (const key of ['a', 'b', 'c']) streams.open(holder(key), 'x');

    expect(refusalOf(() => streams.open(holder('d'), 'x'))).toEqual(['TOO_MANY_STREAMS', 'gateway', 3]);
  });
});
