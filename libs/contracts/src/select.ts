import { z } from 'zod';
import { queryFault } from './filter.ts';
import { fieldPath } from './shapes.ts';

/** A URL with it must stay under 16 KiB anyway; a body may say a little more. */
const maxFilterLength = 64 * 1024;
/** With every type written out. */
const maxTypedLength = 4 * maxFilterLength;

type Issues = z.core.ParsePayload['issues'];

function check(value: unknown, issues: Issues, input: unknown): void {
  const fault = queryFault(value);
  if (fault) issues.push({ code: 'custom', message: fault.message, path: [...fault.path], input });
}

/** Which records: a MongoDB query over the operators that Keyport allows (docs/guides/selecting.md). */
export const queryFilter = z
  .record(z.string(), z.unknown())
  .check(({ value, issues }) => check(value, issues, value))
  .meta({ id: 'QueryFilter', example: { placedAt: { $gte: '2024-01-01' }, total: { $lt: 100 } } });

/** The same as JSON text: as such it crosses the bus and is stored, since databases and BSON read meanings into `$` names. */
export const filterText = z
  .string()
  .max(maxTypedLength)
  .check(({ value, issues }) => {
    const filter = parsed(value);
    if (filter === undefined) issues.push({ code: 'custom', message: 'must be JSON', input: value });
    else check(filter, issues, value);
  });

/** As callers give it. */
export const givenFilterText = filterText.max(maxFilterLength);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A field to sort by, `-` before it for the other direction. */
const sortKey = z.string().refine((key) => fieldPath.safeParse(key.replace(/^-/, '')).success, {
  message: 'must be a field, or - and a field',
});

/** Fields to sort by, the first one first; `-` before a field for the other direction. */
export const sortKeys = z
  .array(sortKey)
  .min(1)
  .max(8)
  .refine((keys) => new Set(keys.map((key) => key.replace(/^-/, ''))).size === keys.length, {
    message: 'must not name a field twice',
  });

/**
 * Where to go on: the cursor of an earlier answer, or the `_id` of the last record of one, as Extended JSON. No cursor is
 * JSON.
 */
export const afterText = z
  .string()
  .min(1)
  .max(16 * 1024);
