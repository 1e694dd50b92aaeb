import { describe, expect, it } from '@jest/globals';
import { proofTable } from './proof-table.ts';

const side = (perSecond: number, gatewayMicros: number, natsMicros: number) => ({
  perSecond,
  gatewayMicros,
  natsMicros,
});

describe('proofTable', () => {
  it('compares requests with and without a proof, round by round', () => {
    const lines = proofTable([
      { bearer: side(20_000, 40, 0), dpop: side(2_000, 400, 90) },
      { bearer: side(10_000, 50, 0), dpop: side(4_000, 300, 80) },
    ]).split('\n');

    expect(lines[2]).toMatch(/bound to nothing +\| 15000 \(10000\.\.20000\) \|/);
    expect(lines[3]).toMatch(/with a proof +\| +3000 \(2000\.\.4000\) \|.*\| +0\.25 \(0\.10\.\.0\.40\) \|/);
  });
});
