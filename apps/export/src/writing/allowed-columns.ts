import { fieldCovers, type Limited } from '@keyport/access';

/** Columns that may hold anything for who reads under these limits: not even the names of other fields are told. */
export function allowedColumns(columns: readonly string[], limits: Limited): string[] {
  if (limits === 'all') return [...columns];
  if (limits === 'none') return [];
  return columns.filter((column) =>
    limits.some(({ fields }) => !fields || fields.some((field) => meets(field, column))),
  );
}

/** A column of an object holds those of its fields that are allowed. */
const meets = (field: string, column: string): boolean => fieldCovers(field, column) || fieldCovers(column, field);
