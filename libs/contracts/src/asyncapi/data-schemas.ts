import { z } from 'zod';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Schemas by name, as AsyncAPI's `components.schemas` has them: what a schema names by `meta({ id })` lies beside it. */
export class DataSchemas {
  private readonly named = new Map<string, JsonSchema>();

  /** `$ref` to the schema. Throws where it has no name. */
  add(schema: z.ZodType): JsonSchema {
    const name = schema.meta()?.id;
    if (name === undefined) throw new Error('a schema of an event has no name: give it .meta({ id })');
    // Draft 7, of which AsyncAPI 3.0 schemas are a superset. As input: a later version may say more.
    const { definitions } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' }) as { definitions?: object };
    for (const [id, definition] of Object.entries(definitions ?? {})) {
      this.named.set(id, inComponents(definition as JsonSchema));
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  /** In the order of their names. */
  all(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.named].sort(([one], [other]) => (one < other ? -1 : 1)));
  }
}

/** Refers to others where they lie there; its name is that of its place. */
function inComponents({ id: _, ...schema }: JsonSchema): JsonSchema {
  const text = JSON.stringify(schema).replaceAll('"#/definitions/', '"#/components/schemas/');
  return JSON.parse(text) as JsonSchema;
}
