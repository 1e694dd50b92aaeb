import { columnPath } from '@keyport/codec';

type Schema = Readonly<Record<string, unknown>>;

/** Schemas nest no deeper than records may; a column below is written as the JSON text of its parent. */
const maxDepth = 32;

/** Paths of the values that a JSON Schema describes, in its order; an object with properties is not a value itself. */
export function columnsOfSchema(schema: Schema | null): string[] {
  return schema ? pathsOf(schema, []) : [];
}

function pathsOf(schema: Schema, parents: readonly string[]): string[] {
  return Object.entries(propertiesOf(schema)).flatMap(([name, property]) => {
    const names = [...parents, name];
    const inner = isObject(property) && parents.length < maxDepth ? pathsOf(property, names) : [];
    return inner.length > 0 ? inner : [columnPath(names)];
  });
}

const propertiesOf = ({ properties }: Schema): Schema => (isObject(properties) ? properties : {});
const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
