import { isDeepStrictEqual } from 'node:util';
import * as contracts from '@keyport/contracts';
import type { StoredTruth } from './stored-truth.ts';
import type { ToldEvent } from './told-events.ts';

/** What is wrong with what the world was told, compared with what is so: nothing, where all is well. */
export function faultsOf(events: readonly ToldEvent[], truth: StoredTruth): string[] {
  const told = Map.groupBy(events, ({ type, subject }) => `${type.split('.')[1]} ${subject}`);
  const of = (entity: string, id: string) => told.get(`${entity} ${id}`) ?? [];
  return [
    ...events.flatMap(shapeFaults),
    ...truth.imports.flatMap((one) => endFaults('import', one, of('import', one._id), importEnd(one))),
    ...truth.exports.flatMap((one) => endFaults('export', one, of('export', one._id), exportEnd(one))),
    ...strangers(events, 'import', new Set(truth.imports.map(({ _id }) => _id))),
    ...strangers(events, 'key', new Set(truth.keys.map(({ _id }) => _id))),
    ...truth.keys.flatMap((key) => keyFaults(key, of('key', key._id))),
    ...datasetFaults(events, truth),
    ...recordFaults(events, truth),
  ];
}

function shapeFaults({ id, type, data }: ToldEvent): string[] {
  const parsed = contracts.eventOfType(type)?.data.safeParse(data);
  return parsed?.success ? [] : [`${id} is no ${type}: ${JSON.stringify(data)} ${String(parsed?.error)}`];
}

interface End {
  /** Types of its events, in their order. */
  readonly types: readonly string[];
  /** What the first of them says. */
  readonly says: Readonly<Record<string, unknown>>;
}

function importEnd({ state, counts, undo }: StoredTruth['imports'][number]): End {
  const ended = { completed: 'completed', failed: 'failed', cancelled: 'cancelled', expired: 'expired' }[state];
  const undone = undo?.state === 'completed' ? [contracts.importUndone.type] : [];
  return { types: ended ? [`keyport.import.${ended}`, ...undone] : [], says: { counts } };
}

function exportEnd({ state, digest }: StoredTruth['exports'][number]): End {
  const isOver = ['completed', 'failed', 'cancelled'].includes(state);
  return { types: isOver ? [`keyport.export.${state}`] : [], says: state === 'completed' ? { digest } : {} };
}

function endFaults(what: string, { _id, state }: { _id: string; state: string }, told: readonly ToldEvent[], end: End) {
  const types = told.map(({ type }) => type);
  if (!isDeepStrictEqual(types, end.types)) return [`${what} ${_id} (${state}) was told as ${types.join(', ')}`];
  const said = Object.keys(end.says).filter((name) => !isDeepStrictEqual(told[0]?.data[name], end.says[name]));
  return said.map((name) => `${what} ${_id}: ${name} was told as ${JSON.stringify(told[0]?.data[name])}`);
}

/** Told of what never was. */
const strangers = (events: readonly ToldEvent[], entity: string, known: ReadonlySet<string>) =>
  events
    .filter(({ type, subject }) => type.startsWith(`keyport.${entity}.`) && !known.has(subject))
    .map(({ type, subject }) => `${type} was told of ${subject}, which does not exist`);

function keyFaults({ _id, scopes, rotatedAt, revokedAt }: StoredTruth['keys'][number], told: readonly ToldEvent[]) {
  const types = told.map(({ type }) => type);
  const isEnded = types.at(-1) === contracts.keyRevoked.type;
  const ends = types.filter((type) => type === contracts.keyRevoked.type).length;
  const lastScopes = told.findLast(
    ({ type }) => type === contracts.keyChanged.type || type === contracts.keyCreated.type,
  );
  const rules: [string, boolean][] = [
    ['begins with its creation', types[0] === contracts.keyCreated.type],
    ['is created once', types.filter((type) => type === contracts.keyCreated.type).length === 1],
    ['is revoked once, in the end, where it is', revokedAt ? isEnded && ends === 1 : ends === 0],
    ['is rotated where it is', types.includes(contracts.keyRotated.type) === (rotatedAt !== null)],
    ['has its scopes in the end', isDeepStrictEqual(lastScopes?.data['scopes'], scopes)],
  ];
  return rules.flatMap(([rule, holds]) =>
    holds ? [] : [`key ${_id}, which ${rule}, was told as ${types.join(', ')}`],
  );
}

/** Created and deleted in turns, each with an id of its own, and in the end what there is. */
function datasetFaults(events: readonly ToldEvent[], { datasets }: StoredTruth): string[] {
  const faults: string[] = [];
  const living = new Map<string, unknown>();
  for (const { type, subject, data } of events.filter(({ type }) => type.startsWith('keyport.dataset.'))) {
    const id = data['datasetId'];
    if (type === contracts.datasetCreated.type) {
      if (living.has(subject)) faults.push(`dataset ${subject} was created twice`);
      living.set(subject, id);
    } else {
      if (living.get(subject) !== id) faults.push(`${type} was told of ${subject} ${String(id)} out of turn`);
      if (type === contracts.datasetDeleted.type) living.delete(subject);
    }
  }
  const there = new Map(datasets.map(({ _id, id }) => [_id, id] as [string, unknown]));
  if (!isDeepStrictEqual(sorted(there), sorted(living)))
    faults.push(`datasets ${JSON.stringify(sorted(there))} were told as ${JSON.stringify(sorted(living))}`);
  return faults;
}

const sorted = (map: ReadonlyMap<string, unknown>) => [...map].sort(([one], [other]) => (one < other ? -1 : 1));

/** Every record that is there was told of once. */
function recordFaults(events: readonly ToldEvent[], { datasets }: StoredTruth): string[] {
  const sums = new Map<unknown, number>();
  for (const { data } of events.filter(({ type }) => type === contracts.recordsChanged.type)) {
    const change = Number(data['inserted']) - Number(data['deleted']);
    sums.set(data['datasetId'], (sums.get(data['datasetId']) ?? 0) + change);
  }
  return datasets.flatMap(({ _id, id, records }) =>
    (sums.get(id) ?? 0) === records ? [] : [`${records} records of ${_id} were told as ${sums.get(id) ?? 0}`],
  );
}
