import type { RejectedRow } from '@keyport/contracts';

/** How much of a rejected row's text is kept, so that most rows can be corrected and sent again from it. */
export const maxRawBytes = 16 * 1024;
/** Names of fields come from the file, and so do parts of what MongoDB and the schema say. */
const maxPathLength = 256;
const maxMessageLength = 1_000;

/** The same row, described in so many characters as are stored of it. */
export function describable<Row extends Pick<RejectedRow, 'message' | 'path'>>(row: Row): Row {
  const { path, message } = row;
  const isShort = message.length <= maxMessageLength && (path === undefined || path.length <= maxPathLength);
  if (isShort) return row;
  return {
    ...row,
    message: cut(message, maxMessageLength),
    ...(path !== undefined && { path: cut(path, maxPathLength) }),
  };
}

// Half a surrogate pair would be stored as another character than it is compared as.
const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length).toWellFormed()}…`;

export interface Kept {
  readonly rows: number;
  readonly bytes: number;
}

/** The first of the rows, as many as there is room for behind those that are kept already. */
export function keepDetails(rejected: readonly RejectedRow[], kept: Kept, room: Kept) {
  const details: RejectedRow[] = [];
  let { rows, bytes } = kept;
  for (const row of rejected) {
    // Of rows that follow one another: behind one without room none is kept.
    if (rows >= room.rows || bytes >= room.bytes) break;
    rows += 1;
    bytes += sizeOf(row);
    details.push(row);
  }
  return { details, kept: { rows, bytes } };
}

/** What MongoDB needs beside the texts, its indexes included (measured: 190 to 260 bytes). */
const restBytes = 256;

const sizeOf = ({ raw, message, path = '', value = '' }: RejectedRow): number =>
  Buffer.byteLength(raw) + Buffer.byteLength(message) + Buffer.byteLength(path) + Buffer.byteLength(value) + restBytes;
