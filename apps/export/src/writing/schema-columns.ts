type Schema = Readonly<Record<string, unknown>>;

/** Schemas nest no deeper than records may; a column below is written as the JSON text of its parent. */
const maxDepth = 32;

/** Paths of the values that a JSON Schema describes, in its order; an object with properties is not a value itself. */
export function columnsOfSchema(schema: Schema | null): string[] {
  return schema ? pathsOf(schema, '', 0) : [];
}

function pathsOf(schema: Schema, prefix: string, depth: number): string[] {
  return Object.entries(propertiesOf(schema)).flatMap(([name, property]) => {
    const path = prefix + name;
    const inner = isObject(property) && depth < maxDepth ? pathsOf(property, `${path}.`, depth + 1) : [];
    return inner.length > 0 ? inner : [path];
  });
}

const propertiesOf = ({ properties }: Schema): Schema => (isObject(properties) ? properties : {});
const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
