import { describe, expect, it } from '@jest/globals';
import { drawPort, type PortRange } from './ports.ts';

/** Every port that can be drawn beside these. */
function drawable(ephemeral: PortRange): number[] {
  const ports: number[] = [];
  let places = 1;
  for (let place = 0; place < places; place += 1) {
    const port = drawPort(ephemeral, (below) => {
      places = below;
      return place;
    });
    if (port !== undefined) ports.push(port);
  }
  return ports;
}

describe('a port that is drawn', () => {
  it('is one on either side of those that outgoing connections are given', () => {
    const ports = drawable([32_768, 60_999]);

    expect([ports[0], ports.at(-1)]).toEqual([10_240, 65_535]);
    expect(ports).toHaveLength(new Set(ports).size);
    expect(ports).toHaveLength(32_768 - 10_240 + 65_535 - 60_999);
    expect(ports.filter((port) => port >= 32_768 && port <= 60_999)).toEqual([]);
  });

  it.each<[string, PortRange, number, number]>([
    ['below', [49_152, 65_535], 10_240, 49_151],
    ['behind', [1_024, 50_000], 50_001, 65_535],
  ])('is one %s where there is no other side', (_side, ephemeral, first, last) => {
    const ports = drawable(ephemeral);

    expect([ports[0], ports.at(-1), ports.length]).toEqual([first, last, last - first + 1]);
  });

  it('is none where outgoing connections may be given any', () => {
    expect(drawPort([1_024, 65_535])).toBeUndefined();
  });
});
