/** What a dataset's schema asks a field to be stored as. `int` is an int32, or an int64 where the value needs one. */
export type StoredType =
  'string' | 'int' | 'long' | 'double' | 'decimal' | 'boolean' | 'date' | 'objectid' | 'binary' | 'null';

/** Stored types by dotted path. A path that leads to an array means each of its elements. */
export type FieldTypes = Readonly<Record<string, StoredType>>;

// Numbers, so that the hot loops compare integers.
export const ANY = 0;
export const AS_STRING = 1;
export const AS_INT = 2;
export const AS_LONG = 3;
export const AS_DOUBLE = 4;
export const AS_DECIMAL = 5;
export const AS_BOOLEAN = 6;
export const AS_DATE = 7;
export const AS_OBJECT_ID = 8;
export const AS_BINARY = 9;
export const AS_NULL = 10;

const names: readonly StoredType[] = [
  'string',
  'int',
  'long',
  'double',
  'decimal',
  'boolean',
  'date',
  'objectid',
  'binary',
  'null',
];

export function storedTypeNumber(type: StoredType): number {
  const index = names.indexOf(type);
  if (index < 0) throw new RangeError(`unknown stored type ${String(type)}`);
  return index + 1;
}

export function storedTypeName(number: number): string {
  return names[number - 1] ?? 'any';
}

/** Field types as a tree, one node a path segment. */
export interface TypeNode {
  type: number;
  children: Map<string, TypeNode>;
}

export function typeTree(types: FieldTypes | undefined): TypeNode {
  const root: TypeNode = { type: ANY, children: new Map() };
  for (const [path, type] of Object.entries(types ?? {})) {
    let node = root;
    for (const name of path.split('.')) {
      let child = node.children.get(name);
      if (!child) node.children.set(name, (child = { type: ANY, children: new Map() }));
      node = child;
    }
    node.type = storedTypeNumber(type);
  }
  return root;
}
