/** What MongoDB says of a collection (`listCollections`), as far as it matters here. */
export interface CollectionDescription {
  readonly name: string;
  readonly type?: string;
  readonly options?: { readonly capped?: boolean; readonly collation?: object };
}

/** What MongoDB says of an index (`listIndexes`), as far as it matters here. */
export interface IndexDescription {
  readonly key: Readonly<Record<string, unknown>>;
  readonly unique?: boolean;
  readonly sparse?: boolean;
  readonly hidden?: boolean;
  readonly partialFilterExpression?: object;
  readonly collation?: object;
}

/** Why a collection cannot hold a dataset's records; undefined where it can. */
export function faultOfCollection(name: string, found: CollectionDescription | undefined): string | undefined {
  if (name.startsWith('system.')) return 'it is one of MongoDB itself';
  if (!found) return 'there is no such collection';
  if (found.type !== 'collection') return `it is a ${found.type ?? 'thing of an unknown kind'}, not a plain collection`;
  // MongoDB manual, "Production Considerations" of transactions: capped collections cannot be written in one.
  if (found.options?.capped) return 'it is capped, so no transaction can write to it';
  // Rows are told apart as a plain comparison does; another would find some equal that are told apart.
  if (found.options?.collation) return 'it has a collation of its own';
  return undefined;
}

/** True where the index makes these fields a key: found by, and unique over all records. */
export function describesKey(index: IndexDescription, key: readonly string[]): boolean {
  const { unique, sparse, hidden, partialFilterExpression, collation } = index;
  if (!unique || sparse || hidden || partialFilterExpression || collation) return false;
  const fields = Object.entries(index.key);
  return fields.length === key.length && fields.every(([field, order], i) => field === key[i] && Number(order) === 1);
}

/** For `mongosh`. */
export function indexCommand(collection: string, key: readonly string[]): string {
  const fields = Object.fromEntries(key.map((field) => [field, 1]));
  return `db.getCollection(${JSON.stringify(collection)}).createIndex(${JSON.stringify(fields)}, { unique: true })`;
}
