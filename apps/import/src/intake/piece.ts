import { pieceChecksum, pieceHeaders } from '@keyport/contracts';
import type { JsMsg } from '@nats-io/jetstream';
import { z } from 'zod';
import type { StoredHead } from '../uploads/spool-tail.ts';
import type { PieceHead } from './piece-sequence.ts';

/** Part of an upload as a gateway published it. */
export interface Piece extends PieceHead {
  readonly bytes: Uint8Array;
}

const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);
const pieceHead = z.object({ offset: wholeNumber, epoch: wholeNumber, checksum: z.string() });

const storedHead = z.object({
  offset: wholeNumber,
  epoch: wholeNumber,
  length: wholeNumber,
  prefixDigest: z.string().nullable(),
});

/** The piece in a message; undefined where headers are missing or the bytes are not those that were sent. */
export function pieceOf({ seq, headers, data }: Pick<JsMsg, 'seq' | 'headers' | 'data'>): Piece | undefined {
  const head = pieceHead.safeParse({
    offset: headers?.get(pieceHeaders.offset),
    epoch: headers?.get(pieceHeaders.epoch),
    checksum: headers?.get(pieceHeaders.checksum),
  });
  if (!head.success || pieceChecksum(data) !== head.data.checksum) return undefined;
  const { offset, epoch } = head.data;
  return { sequence: seq, offset, epoch, length: data.length, bytes: data };
}

/** The head of a piece whose bytes the consumer left out, and counted instead (NATS docs, "Consumers", `headers_only`). */
export function headOf({ seq, headers }: Pick<JsMsg, 'seq' | 'headers'>): StoredHead | undefined {
  const head = storedHead.safeParse({
    offset: headers?.get(pieceHeaders.offset),
    epoch: headers?.get(pieceHeaders.epoch),
    length: headers?.get('Nats-Msg-Size'),
    // A header that is missing reads as an empty text.
    prefixDigest: headers?.get(pieceHeaders.prefixDigest) || null,
  });
  return head.success ? { sequence: seq, ...head.data } : undefined;
}
