import type { FieldTypes, StoredType } from './stored-type.ts';

/**
 * The stored types that a JSON Schema (2020-12) asks for: `format` `date-time` a Date, `int64` a Long, `decimal` a
 * Decimal128, `objectid` an ObjectId, `contentEncoding: base64` a Binary, else by `type`. Nested `properties` make
 * dotted paths, `items` speak for the elements of their array. Fields of several types are left as they come.
 */
export function fieldTypesOf(jsonSchema: unknown): FieldTypes {
  const types = new Map<string, StoredType>();
  collect(jsonSchema, '', types, 0);
  return Object.fromEntries(types);
}

// Far deeper than a document may nest; it ends schemas that hold themselves.
const maxDepth = 200;

function collect(schema: unknown, path: string, into: Map<string, StoredType>, depth: number): void {
  if (!isRecord(schema) || depth > maxDepth) return;
  const type = path === '' ? undefined : storedTypeOf(schema);
  if (type) into.set(path, type);
  if (isRecord(schema.properties)) {
    for (const [name, property] of Object.entries(schema.properties)) {
      collect(property, path === '' ? name : `${path}.${name}`, into, depth + 1);
    }
  }
  if (path !== '') collect(schema.items, path, into, depth + 1);
}

const byFormat = new Map<unknown, StoredType>([
  ['date-time', 'date'],
  ['int64', 'long'],
  ['decimal', 'decimal'],
  ['objectid', 'objectid'],
]);

const byType = new Map<unknown, StoredType>([
  ['string', 'string'],
  ['integer', 'int'],
  ['number', 'double'],
  ['boolean', 'boolean'],
  ['null', 'null'],
]);

function storedTypeOf(schema: Record<string, unknown>): StoredType | undefined {
  const listed: unknown[] = Array.isArray(schema.type) ? schema.type : [schema.type];
  const types = listed.length > 1 ? listed.filter((type) => type !== 'null') : listed;
  if (types.some((type) => type === 'object' || type === 'array')) return undefined;
  const formatted = byFormat.get(schema.format) ?? (schema.contentEncoding === 'base64' ? 'binary' : undefined);
  if (formatted) return formatted;
  if (types.length === 2 && types.includes('integer') && types.includes('number')) return 'double';
  return types.length === 1 ? byType.get(types[0]) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
