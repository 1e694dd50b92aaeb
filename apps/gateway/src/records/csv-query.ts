import { csvExportOptions, type CsvExportOptions } from '@keyport/contracts';
import { flag } from '../http/flag.ts';

const { shape } = csvExportOptions;

/** Options of CSV and TSV as a query spells them. */
export const csvQuery = {
  'csv.delimiter': shape.delimiter,
  'csv.header': flag.optional(),
  'csv.nullText': shape.nullText,
  'csv.formulas': shape.formulas,
  'csv.bom': flag.optional(),
  'csv.newline': shape.newline,
};

type CsvName = keyof typeof csvQuery;

/** The query with its options of CSV in an object of their own, where there are any. */
export function withCsv<Query extends object>(query: Query): Omit<Query, CsvName> & { csv?: CsvExportOptions } {
  const entries = Object.entries(query);
  const isCsv = ([name]: [string, unknown]) => Object.hasOwn(csvQuery, name);
  const given = entries.filter(([name, value]) => isCsv([name, value]) && value !== undefined);
  const csv = Object.fromEntries(given.map(([name, value]) => [name.slice('csv.'.length), value])) as CsvExportOptions;
  const others = Object.fromEntries(entries.filter((entry) => !isCsv(entry))) as Omit<Query, CsvName>;
  return given.length > 0 ? { ...others, csv } : others;
}
