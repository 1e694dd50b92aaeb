import { describe, expect, it } from '@jest/globals';
import { cpuSecondsIn, kilobytesIn, summaryOf, type ProcessFigures } from './process-watch.ts';

describe('cpuSecondsIn', () => {
  it('adds user and system time, also for a program whose name looks like the end of the name', () => {
    const stat = '4711 (node) x) (y) S 1 4711 4711 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 11 0 100 1000 200';

    expect(cpuSecondsIn(stat)).toBe(3);
  });
});

describe('kilobytesIn', () => {
  const status = 'Name:\tnode\nVmPeak:\t  900000 kB\nVmHWM:\t  123456 kB\nVmRSS:\t   65432 kB\n';

  it('reads the peak and the memory of the moment', () => {
    expect([kilobytesIn(status, 'VmHWM'), kilobytesIn(status, 'VmRSS')]).toEqual([123456, 65432]);
  });

  it('is 0 for a process that has just gone', () => {
    expect(kilobytesIn('', 'VmRSS')).toBe(0);
  });
});

describe('summaryOf', () => {
  it('takes the highest memory and the median of the CPU times of each process', () => {
    const runs: Record<string, ProcessFigures>[] = [
      { import: { peakMb: 200, cpuSeconds: 5 } },
      { import: { peakMb: 150, cpuSeconds: 7 }, nats: { peakMb: 50, cpuSeconds: 1 } },
      { import: { peakMb: 100, cpuSeconds: 9 } },
    ];

    expect(summaryOf(runs)).toEqual({
      import: { peakMb: 200, cpuSeconds: 7 },
      nats: { peakMb: 50, cpuSeconds: 1 },
    });
  });
});
