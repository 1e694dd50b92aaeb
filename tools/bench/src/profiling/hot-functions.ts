import type { Profiler } from 'node:inspector';

export interface HotFunction {
  readonly name: string;
  readonly place: string;
  readonly selfMs: number;
  /** Of the whole profile, idle time included. */
  readonly share: number;
}

/** Functions by the time spent in themselves, the most first. */
export function hotFunctions({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile, most: number): HotFunction[] {
  const framesById = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const byPlace = new Map<string, { name: string; place: string; micros: number }>();
  let total = 0;
  samples.forEach((id, index) => {
    const frame = framesById.get(id);
    if (!frame) return;
    const micros = timeDeltas[index] ?? 0;
    const place = frame.url === '' ? '' : `${frame.url}:${frame.lineNumber + 1}:${frame.columnNumber + 1}`;
    const name = frame.functionName || '(anonymous)';
    const entry = byPlace.get(`${name} ${place}`) ?? { name, place, micros: 0 };
    entry.micros += micros;
    total += micros;
    byPlace.set(`${name} ${place}`, entry);
  });
  return [...byPlace.values()]
    .toSorted((a, b) => b.micros - a.micros)
    .slice(0, most)
    .map(({ name, place, micros }) => ({ name, place, selfMs: micros / 1000, share: micros / total }));
}
