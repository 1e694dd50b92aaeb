import { DATE } from '../bson/bson-types.ts';
import { writeInt64 } from '../bson/number-bytes.ts';
import { AS_DATE } from '../stored-types/stored-type.ts';
import { MISMATCH, writeTextAs } from '../stored-types/text-to-bson.ts';
import type { CellType } from './cell-type.ts';
import { DateLayout } from './date-layout.ts';
import { type LayoutStyle, layoutParts } from './layout-parts.ts';

/** No date in a layout that people write is longer. */
const maxDateLength = 100;

/** Dates in a layout; without one ISO 8601, as the stored type `date`. */
export function dateCell(style: LayoutStyle, layout: string): CellType | string {
  if (layout === '') {
    return {
      name: 'date',
      write: (bytes, start, end, sink) => writeTextAs(AS_DATE, bytes, start, end, sink),
      orText: false,
    };
  }
  const parts = layoutParts(style, layout);
  if (!parts.some(({ field }) => field === 'year' || field === 'shortYear')) return 'has a date layout without a year';
  const compiled = new DateLayout(parts);
  return {
    name: `date(${layout})`,
    write: (bytes, start, end, sink) => {
      const ms = end - start > maxDateLength ? NaN : compiled.parse(bytes.toString('utf8', start, end));
      if (Number.isNaN(ms)) return MISMATCH;
      writeInt64(sink, ms);
      return DATE;
    },
    orText: false,
  };
}
