import { fieldTypesOf, type FieldTypes, type StoredType } from '@keyport/codec';

/** What the schema of a dataset says of its fields. */
export interface KnownFields {
  /** What a field is stored as; undefined where the schema leaves that open. A path that leads through lists means their items. */
  readonly typeOf: (path: string) => StoredType | undefined;
  /** True where the schema allows no such field. */
  readonly isUnknown: (path: string) => boolean;
}

type Schema = Readonly<Record<string, unknown>>;

/** Nothing is known. */
export const openFields: KnownFields = { typeOf: () => undefined, isUnknown: () => false };

export function knownFieldsOf(schema: Schema): KnownFields {
  const types: FieldTypes = fieldTypesOf(schema);
  const typeAt = (path: string) => (Object.hasOwn(types, path) ? types[path] : undefined);
  return {
    typeOf: (path) => typeAt(path) ?? typeAt(withoutPositions(path)),
    isUnknown: (path) => path !== '_id' && !path.startsWith('_id.') && isUnknownIn(schema, path.split('.')),
  };
}

/** `lines.0.sku` is the `sku` of an item, as `lines.sku` is. */
const withoutPositions = (path: string): string =>
  path
    .split('.')
    .filter((name) => !/^\d+$/.test(name))
    .join('.');

/** Keywords that may allow a field which `properties` does not name. */
const openers = ['patternProperties', '$ref', '$dynamicRef', 'allOf', 'anyOf', 'oneOf', 'if', 'dependentSchemas'];

function isUnknownIn(schema: unknown, names: readonly string[]): boolean {
  const [name, ...rest] = names;
  if (name === undefined || !isSchema(schema)) return false;
  const { properties, items, additionalProperties } = schema;
  if (isSchema(properties) && Object.hasOwn(properties, name)) return isUnknownIn(properties[name], rest);
  if (items !== undefined) return isUnknownIn(items, /^\d+$/.test(name) ? rest : names);
  return additionalProperties === false && !openers.some((keyword) => keyword in schema);
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
