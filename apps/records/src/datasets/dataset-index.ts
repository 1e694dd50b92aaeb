import { createHash } from 'node:crypto';
import { KeyportError, type BuiltIndex, type DatasetIndex, type FieldProblem } from '@keyport/contracts';

/** An index of a definition. */
export interface StoredIndex extends DatasetIndex {
  /** In the collection. */
  readonly name: string;
  readonly state: BuiltIndex['state'];
  /** Code of the failure. */
  readonly failure?: IndexFailure;
}

export interface IndexFailure {
  readonly code: 'INDEX_NOT_UNIQUE' | 'INDEX_REFUSED';
  readonly reason?: string;
}

const namePrefix = 'i_';

/** Of one that Keyport made for a definition, and not for the key. */
export const isIndexName = (name: string): boolean => name.startsWith(namePrefix);

/** The same for the same index, so that making it twice makes one. */
export const indexNameOf = ({ fields, unique }: DatasetIndex): string =>
  namePrefix +
  createHash('sha256')
    .update(JSON.stringify([fields, unique]))
    .digest('hex')
    .slice(0, 24);

const isDown = (field: string) => field.startsWith('-');
const pathOf = (field: string) => (isDown(field) ? field.slice(1) : field);

/** As MongoDB has it; a Map keeps the order of fields that look like numbers. */
export const indexKeyOf = ({ fields }: Pick<DatasetIndex, 'fields'>): Map<string, 1 | -1> =>
  new Map(fields.map((field) => [pathOf(field), isDown(field) ? -1 : 1]));

/** Throws VALIDATION_FAILED where MongoDB cannot index these fields, or where an index is there already. */
export function checkIndexes(indexes: readonly DatasetIndex[], key: readonly string[] | null): void {
  const errors = indexes.flatMap((index, at): FieldProblem[] => {
    const isRepeated = indexes.slice(0, at).some((other) => other.fields.join() === index.fields.join());
    const message = faultOf(index.fields, isRepeated, key);
    return message === undefined ? [] : [{ path: `indexes.${at}.fields`, code: 'custom', message }];
  });
  if (errors.length > 0) throw new KeyportError('VALIDATION_FAILED', {}, { errors });
}

function faultOf(fields: readonly string[], isRepeated: boolean, key: readonly string[] | null): string | undefined {
  const paths = fields.map(pathOf);
  if (isRepeated) return 'there is another index on the same fields';
  if (new Set(paths).size < paths.length) return 'a field must be named once';
  if (paths.length === 1 && paths[0] === '_id') return '_id has an index';
  if (key && fields.join() === key.join()) return 'the key is an index';
  const isPath = (path: string) => path.split('.').every((name) => name !== '' && !name.startsWith('$'));
  return paths.every(isPath) ? undefined : 'must be fields, or fields joined with dots';
}

/** What is to be stored: indexes that are there stay as they are, others are to be built, also those that failed. */
export const storedIndexes = (wanted: readonly DatasetIndex[], stored: readonly StoredIndex[]): StoredIndex[] =>
  wanted.map((index) => {
    const name = indexNameOf(index);
    const there = stored.find((other) => other.name === name && other.state !== 'failed');
    return there ?? { ...index, name, state: 'building' };
  });

export const isSameIndexes = (one: readonly DatasetIndex[], other: readonly DatasetIndex[]): boolean =>
  one.map(indexNameOf).join() === other.map(indexNameOf).join();

/** For who asked for it. */
export const indexError = (dataset: string, { fields }: Pick<DatasetIndex, 'fields'>, failure: IndexFailure) =>
  new KeyportError(failure.code, { dataset, fields: fields.join(', '), reason: failure.reason });

export function presentIndex(dataset: string, { fields, unique, state, failure }: StoredIndex): BuiltIndex {
  if (!failure) return { fields: [...fields], unique, state };
  const { code, message } = indexError(dataset, { fields }, failure);
  return { fields: [...fields], unique, state, error: { code, detail: message } };
}
