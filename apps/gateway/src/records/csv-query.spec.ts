import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { csvQuery, withCsv } from './csv-query.ts';

const query = z.strictObject({ limit: z.coerce.number().optional(), ...csvQuery });

describe('options of CSV in a query', () => {
  it('become an object of their own', () => {
    const parsed = query.parse({ limit: '5', 'csv.header': 'false', 'csv.delimiter': '\t', 'csv.nullText': 'NULL' });

    expect(withCsv(parsed)).toEqual({ limit: 5, csv: { header: false, delimiter: '\t', nullText: 'NULL' } });
  });

  it('leave no trace where there are none', () => {
    expect(withCsv(query.parse({ limit: '5' }))).toEqual({ limit: 5 });
  });

  it.each([{ 'csv.header': 'yes' }, { 'csv.formulas': 'unescape' }, { 'csv.newline': '\n' }, { 'csv.quote': "'" }])(
    'are refused where they are none: %j',
    (wrong) => {
      expect(query.safeParse(wrong).success).toBe(false);
    },
  );
});
