import { jobId } from '@keyport/contracts';
import { describe, expect, it } from '@jest/globals';
import { newJobId } from './job-id.ts';

describe('a job id', () => {
  it('is what the contract says, begins with the time and differs each time', () => {
    const ids = Array.from({ length: 100 }, () => newJobId(0x65000000 * 1000));

    expect(ids.every((id) => jobId.safeParse(id).success && id.startsWith('65000000'))).toBe(true);
    expect(new Set(ids).size).toBe(100);
  });

  it('is greater than that of a millisecond before', () => {
    const start = 0x65000000 * 1000 + 997;
    const ids = Array.from({ length: 6 }, (_, after) => newJobId(start + after));

    expect([...ids].sort()).toEqual(ids);
  });
});
