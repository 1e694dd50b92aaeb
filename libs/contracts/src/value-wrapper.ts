import { z } from 'zod';

/** An instant with its offset: without one it would depend on where the reader runs. */
const dateText = z.iso.datetime({ offset: true });

const integerWithin = (bits: bigint) =>
  z
    .string()
    .regex(/^-?\d{1,19}$/, { abort: true })
    .refine((text) => BigInt.asIntN(Number(bits), BigInt(text)) === BigInt(text));

const long = z.strictObject({ $numberLong: integerWithin(64n) });
const decimal = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,5})?|Infinity|NaN)$/;

/** Extended JSON v2 wrappers that stand for a value, and what each must hold (MongoDB manual, "MongoDB Extended JSON (v2)"). */
const operands: Readonly<Record<string, z.ZodType>> = {
  $oid: z.string().regex(/^[0-9a-fA-F]{24}$/),
  $date: z.union([dateText, long]),
  $numberLong: integerWithin(64n),
  $numberInt: integerWithin(32n),
  $numberDouble: z.string().regex(decimal),
  $numberDecimal: z.string().max(64).regex(decimal),
  $uuid: z.guid(),
  $binary: z.strictObject({ base64: z.base64(), subType: z.string().regex(/^[0-9a-fA-F]{1,2}$/) }),
};

export const isValueWrapper = (value: Readonly<Record<string, unknown>>): boolean => {
  const names = Object.keys(value);
  return names.length === 1 && Object.hasOwn(operands, names[0] as string);
};

/** What is wrong with a wrapper; a driver would take many a wrong one for another value. */
export function wrapperFault(value: Readonly<Record<string, unknown>>): string | undefined {
  const [[name, operand] = ['', undefined]] = Object.entries(value);
  return operands[name]?.safeParse(operand).success ? undefined : `${name} does not hold a value of its type`;
}
