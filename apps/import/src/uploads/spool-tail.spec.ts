import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PieceSequence, type SpoolPosition } from '../intake/piece-sequence.ts';
import { countUpload, type StoredHead } from './spool-tail.ts';

const start: SpoolPosition = { sequence: 0, offset: 0, epoch: 0 };

/** One request's pieces in the order in which its gateway published them, from where it was told to begin. */
interface Request {
  readonly epoch: number;
  readonly from: number;
  readonly pieces: { readonly offset: number; readonly length: number }[];
}

/** A stream to which several gateways publish, each its own request's pieces, and marks. */
class Stream {
  readonly heads: StoredHead[] = [];
  /** Where the mark of each epoch has its place. */
  readonly begun = new Map<number, number>();

  append({ epoch, offset, length }: { epoch: number; offset: number; length: number }): void {
    const sequence = this.heads.length * 3 + 1;
    this.heads.push({ sequence, epoch, offset, length, prefixDigest: `${epoch}:${offset + length}` });
  }

  /** As `UploadFence.begin`: the mark, and then what lies before it. */
  begin(epoch: number): number {
    if (epoch > 1) this.append({ epoch, offset: 0, length: 0 });
    const { offset } = countUpload(start, this.heads);
    this.begun.set(epoch, offset);
    return offset;
  }
}

/** Which epoch each byte is of that a reader takes; `restarts` are all positions that it could begin again from. */
function read(heads: readonly StoredHead[], from: SpoolPosition) {
  const sequence = new PieceSequence(from);
  const bytes: number[] = [];
  const restarts: { position: SpoolPosition; offset: number }[] = [];
  for (let index = Math.max(0, firstAt(heads, from.sequence)); index < heads.length; index += 1) {
    const head = heads[index] as StoredHead;
    const before = sequence.taken;
    const decision = sequence.take(head);
    if (decision.kind === 'take') {
      restarts.push({ position: decision.restart, offset: before });
      for (let byte = sequence.taken - before; byte > 0; byte -= 1) bytes.push(head.epoch);
    }
    const again = sequence.rewind();
    if (again !== undefined) index = firstAt(heads, again) - 1;
  }
  return { bytes, restarts, taken: sequence.taken };
}

const firstAt = (heads: readonly StoredHead[], sequence: number) =>
  heads.findIndex((head) => head.sequence >= sequence);

/** What may happen next: a gateway publishes its next piece, or repeats one, or another request begins. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      who: fc.nat(3),
      length: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('repeat' as const), who: fc.nat(3), which: fc.nat(9) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('late' as const),
      who: fc.nat(3),
      length: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('begin' as const) }) },
);

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Runs the steps. Every byte of a request has its epoch for its value, so that a mixture would show. */
function run(steps: readonly Step[]) {
  const stream = new Stream();
  const requests: Request[] = [{ epoch: 1, from: stream.begin(1), pieces: [] }];
  const held: { request: Request; piece: Request['pieces'][number] }[] = [];
  const acknowledged: number[] = [];
  for (const one of steps) {
    if (one.kind === 'begin') {
      const epoch = requests.length + 1;
      requests.push({ epoch, from: stream.begin(epoch), pieces: [] });
      continue;
    }
    const request = requests[one.who % requests.length] as Request;
    if (one.kind === 'repeat') {
      const piece = request.pieces[one.which % Math.max(1, request.pieces.length)];
      if (piece) stream.append({ epoch: request.epoch, ...piece });
      continue;
    }
    const last = request.pieces.at(-1);
    const piece = { offset: last ? last.offset + last.length : request.from, length: one.length };
    request.pieces.push(piece);
    // Overtaken by what its gateway publishes after it, as a piece is whose acknowledgement was lost.
    if (one.kind === 'late') held.push({ request, piece });
    else stream.append({ epoch: request.epoch, ...piece });
    const late = one.kind === 'publish' ? held.shift() : undefined;
    if (late) stream.append({ epoch: late.request.epoch, ...late.piece });
    // `acknowledgeUpload`: all pieces are stored, and the epoch still is the newest.
    const isNewest = request.epoch === requests.length;
    if (isNewest && !held.some(({ request: { epoch } }) => epoch === request.epoch)) {
      const end = request.pieces.at(-1);
      if (end) acknowledged.push(end.offset + end.length);
    }
  }
  return { stream, requests, acknowledged };
}

const steps = fc.array(step, { maxLength: 60 });

describe('An upload that several gateways publish', () => {
  it('has every byte from the request that had it then, whatever comes late of the others', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const { stream, requests } = run(all);

        const { bytes } = read(stream.heads, start);

        const borders = requests.map(({ from }) => from);
        const owners = bytes.map((_epoch, offset) => borders.findLastIndex((from) => from <= offset) + 1);
        expect(bytes).toEqual(owners);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps all that was acknowledged, and begins no request before it', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const { stream, acknowledged } = run(all);

        const { taken } = read(stream.heads, start);

        expect(taken).toBeGreaterThanOrEqual(Math.max(0, ...acknowledged));
      }),
      { numRuns: 500 },
    );
  });

  it('is the same for a reader that begins anywhere else, and counted the same from there', () => {
    fc.assert(
      fc.property(steps, fc.nat(), (all, which) => {
        const { stream } = run(all);
        const whole = read(stream.heads, start);
        const restart = whole.restarts[which % Math.max(1, whole.restarts.length)];
        if (!restart) return;

        const rest = stream.heads.filter(({ sequence }) => sequence >= restart.position.sequence);

        expect(read(rest, restart.position).bytes).toEqual(whole.bytes.slice(restart.offset));
        expect(countUpload(restart.position, rest).offset).toBe(whole.taken);
        expect(countUpload(start, stream.heads).offset).toBe(whole.taken);
      }),
      { numRuns: 500 },
    );
  });
});

describe('countUpload', () => {
  it('names the digest of the newest piece that counts', () => {
    const stream = new Stream();
    stream.append({ epoch: 1, offset: 0, length: 4 });
    stream.append({ epoch: 1, offset: 8, length: 4 });

    expect(countUpload(start, stream.heads)).toEqual({ offset: 4, epoch: 1, digest: '1:4' });
  });

  it('keeps the digest that it began with where nothing new counts', () => {
    const stream = new Stream();
    stream.append({ epoch: 2, offset: 0, length: 0 });
    stream.append({ epoch: 1, offset: 4, length: 4 });

    expect(countUpload({ ...start, offset: 4, digest: 'known' }, stream.heads)).toEqual({
      ...{ offset: 4, epoch: 2, digest: 'known' },
    });
  });
});
