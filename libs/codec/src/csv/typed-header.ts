import { AS_DECIMAL, AS_DOUBLE, AS_LONG, AS_OBJECT_ID } from '../stored-types/stored-type.ts';
import { binaryCell } from './binary-cell.ts';
import { booleanCell } from './boolean-cell.ts';
import { type CellType, int32Cell, losslessCell, storedCell, textCell } from './cell-type.ts';
import { dateCell } from './date-cell.ts';

/** A name without its type, and the type. */
export interface TypedName {
  name: string;
  type: CellType;
}

/** The cell type for an argument, or what is wrong with that. */
type TypeMaker = (argument: string) => CellType | string;

const plain =
  (type: CellType): TypeMaker =>
  (argument) =>
    argument === '' ? type : 'takes no argument';

const makers = new Map<string, TypeMaker>([
  ['auto', plain(losslessCell)],
  ['string', plain(textCell)],
  ['int32', plain(int32Cell)],
  ['int64', plain(storedCell(AS_LONG, 'int64'))],
  ['double', plain(storedCell(AS_DOUBLE))],
  ['decimal', plain(storedCell(AS_DECIMAL))],
  ['boolean', plain(booleanCell)],
  ['objectid', plain(storedCell(AS_OBJECT_ID))],
  ['binary', binaryCell],
  ['date', (argument) => dateCell('go', argument)],
  ['date_go', (argument) => dateCell('go', argument)],
  ['date_ms', (argument) => dateCell('ms', argument)],
  ['date_oracle', (argument) => dateCell('oracle', argument)],
]);

const typed = /^(.*)\.(\w+)\((.*)\)$/s;

/**
 * `<name>.<type>(<argument>)`, as mongoimport's `--columnsHaveTypes` writes it; a backslash in the argument takes the
 * next character as it is. Undefined where the column gives no type, a text where the type is wrong.
 */
export function typedName(column: string): TypedName | string | undefined {
  const [, name, type, argument] = typed.exec(column) ?? [];
  if (name === undefined || type === undefined || argument === undefined) return undefined;
  const maker = makers.get(type);
  if (!maker)
    return `column ${JSON.stringify(column)} has the unknown type ${type}; types are ${[...makers.keys()].join(', ')}`;
  const made = maker(argument.replace(/\\([\s\S]?)/g, '$1'));
  return typeof made === 'string' ? `the type of column ${JSON.stringify(column)} ${made}` : { name, type: made };
}
