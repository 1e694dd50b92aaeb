import { Ajv2020, _, type ErrorObject, type KeywordCxt } from 'ajv/dist/2020.js';
import type { CodeKeywordDefinition } from 'ajv/dist/types/index.js';
import addFormats from 'ajv-formats';
import { CheckBudget } from './check-budget.ts';
import { linearRegExp } from './linear-pattern.ts';
import { uniqueItems } from './unique-items.ts';

/** A JSON Schema that rows cannot be checked against; the message says why. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
}

/** The first fault of a row; undefined where it matches. Throws {@link SchemaError} where the schema comes to no end. */
export type RowSchema = (row: unknown) => ErrorObject | undefined;

/** Formats that name stored types, and that the codec has checked on its way. */
const storedTypeFormats = ['int64', 'decimal', 'objectid'];
/** Far more than people write; compiling as much takes a second. */
const maxSchemaBytes = 256 * 1024;
const maxSchemaDepth = 64;
/** One value of each type: a reference back to where it stands shows with one of them. */
const probes = [{}, [], '', 0, true, null];

/**
 * Compiles a JSON Schema 2020-12. Its patterns and `uniqueItems` take linear time, and the references that a row makes
 * it follow are counted, so that no row holds up the process. Unknown keywords and formats are allowed (Core §6.5,
 * Validation §7.2); remote references are not fetched. Throws {@link SchemaError}.
 */
export const compileSchema = (schema: Readonly<Record<string, unknown>>): RowSchema => compile(schema, false);

/**
 * Throws {@link SchemaError} where it is not a JSON Schema 2020-12 that rows can be checked against: by the meta-schema,
 * for references that lead nowhere or back to where they stand, patterns that cannot be run in linear time, `$async`,
 * and size (256 KiB of JSON, 64 levels).
 */
export function examineSchema(schema: Readonly<Record<string, unknown>>): void {
  if (isDeeperThan(maxSchemaDepth, schema))
    throw new SchemaError(`it is nested more than ${maxSchemaDepth} levels deep`);
  if (Buffer.byteLength(JSON.stringify(schema)) > maxSchemaBytes) {
    throw new SchemaError(`it is larger than ${maxSchemaBytes} bytes of JSON`);
  }
  const check = compile(schema, true);
  for (const probe of probes) check(probe);
}

function compile(schema: Readonly<Record<string, unknown>>, isExamined: boolean): RowSchema {
  const budget = new CheckBudget();
  try {
    const validate = validatorOf(schema, budget, isExamined);
    return (row) => {
      budget.begin(row);
      try {
        // ajv returns a promise, which is truthy, where a schema is asynchronous.
        return (validate(row) as unknown) === true ? undefined : (validate.errors?.[0] ?? unexplained);
      } catch (error) {
        throw schemaErrorOf(error);
      }
    };
  } catch (error) {
    throw schemaErrorOf(error);
  }
}

function validatorOf(schema: Readonly<Record<string, unknown>>, budget: CheckBudget, validateSchema: boolean) {
  // A fresh instance: one that is kept would keep every schema, and every `$id` would be taken.
  const ajv = new Ajv2020({
    ...{ strict: false, allErrors: false, logger: false, validateSchema },
    // A schema that is referred to often would be compiled as often.
    inlineRefs: false,
    // Every object inherits a `constructor`: a row without that field would fail for it.
    ownProperties: true,
    code: { regExp: linearRegExp },
  });
  addFormats.default(ajv);
  for (const format of storedTypeFormats) ajv.addFormat(format, true);
  ajv.removeKeyword('uniqueItems').addKeyword(uniqueItems);
  for (const keyword of ['$ref', '$dynamicRef']) count(ajv, keyword, budget);
  const validate = ajv.compile(schema);
  if ('$async' in validate) throw new SchemaError('"$async" is not allowed');
  return validate;
}

/** Lets a keyword that refers to a schema take a step of the budget first. */
function count(ajv: Ajv2020, keyword: string, { step }: CheckBudget): void {
  const definition = ajv.getKeyword(keyword) as CodeKeywordDefinition;
  ajv.removeKeyword(keyword);
  ajv.addKeyword({
    ...definition,
    code: (cxt: KeywordCxt, ruleType) => {
      cxt.gen.code(_`${cxt.gen.scopeValue('func', { ref: step })}()`);
      definition.code(cxt, ruleType);
    },
  });
}

const unexplained: ErrorObject = { keyword: '', instancePath: '', schemaPath: '#', params: {} };

function schemaErrorOf(error: unknown): SchemaError {
  if (error instanceof SchemaError) return error;
  // The stack is used up: while it is compiled by its size, while a row is checked by its references.
  if (error instanceof RangeError)
    return new SchemaError('its references lead on too far, or it is too large', { cause: error });
  const reason = error instanceof Error ? error.message : String(error);
  return new SchemaError(reason.replace(/^schema is invalid: /, '').slice(0, 500), { cause: error });
}

const isDeeperThan = (levels: number, value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner)));
