import type { Observation } from './observation.ts';

export type Schema = Record<string, unknown>;

/** What a field's values have in common. */
export function schemaOf(seen: Observation): Schema {
  // Nothing but null says nothing of what else may come.
  if (seen.other > 0 || seen.numbers.notFinite > 0 || seen.nulls === seen.seen) return {};
  const alternatives = alternativesOf(seen);
  const [only] = alternatives;
  if (alternatives.length === 1 && only) return seen.nulls > 0 ? { ...only, type: [only.type, 'null'] } : only;
  return { anyOf: [...alternatives, ...(seen.nulls > 0 ? [{ type: 'null' }] : [])] };
}

function alternativesOf(seen: Observation): Schema[] {
  const alternatives: Schema[] = [];
  if (seen.texts > 0) alternatives.push(textSchema(seen));
  if (seen.dates > 0) alternatives.push({ type: 'string', format: 'date-time' });
  if (seen.objectIds > 0) alternatives.push({ type: 'string', format: 'objectid' });
  if (seen.binaries > 0) alternatives.push({ type: 'string', contentEncoding: 'base64' });
  if (seen.numbers.count > 0) alternatives.push(numberSchema(seen));
  if (seen.booleans > 0) alternatives.push({ type: 'boolean' });
  if (seen.objects > 0) alternatives.push(objectSchema(seen));
  if (seen.arrays > 0) alternatives.push(arraySchema(seen));
  const texts = alternatives.map((one) => JSON.stringify(one));
  return alternatives.filter((_, index) => texts.indexOf(texts[index]!) === index);
}

const textSchema = ({ textKind }: Observation): Schema =>
  textKind === 'any' ? { type: 'string' } : { type: 'string', format: textKind };

function numberSchema({ numbers }: Observation): Schema {
  const { count, longs, bigLongs, doubles, decimals } = numbers;
  // A double would round the largest of them.
  if (decimals > 0 || (doubles > 0 && bigLongs > 0)) return { type: 'number', format: 'decimal' };
  if (doubles > 0) return { type: 'number' };
  return longs > 0 && count > 0 ? { type: 'integer', format: 'int64' } : { type: 'integer' };
}

function objectSchema(seen: Observation): Schema {
  const properties = [...seen.fields].map(([name, field]) => [name, schemaOf(field)] as const);
  const required = [...seen.fields].filter(([, field]) => field.seen === seen.objects).map(([name]) => name);
  return {
    type: 'object',
    ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
    ...(required.length > 0 && { required }),
  };
}

function arraySchema({ items }: Observation): Schema {
  const schema = items && items.seen > 0 ? schemaOf(items) : {};
  return { type: 'array', ...(Object.keys(schema).length > 0 && { items: schema }) };
}
