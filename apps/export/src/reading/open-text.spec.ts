import { describe, expect, it } from '@jest/globals';
import { OpenText } from './open-text.ts';

const mebibyte = 1024 * 1024;
const piece = (fill: number, length = mebibyte) => Buffer.alloc(length, fill);
const pieces = () => [piece(1), piece(2, mebibyte + 5), piece(3), piece(4, 7), piece(5, 1)];
const whole = Buffer.concat(pieces());

function opened() {
  let times = 0;
  const text = new OpenText(() => {
    times += 1;
    return pieces()[Symbol.iterator]();
  });
  return { text, times: () => times };
}

async function readAll(text: OpenText, from = 0): Promise<Buffer> {
  const pages: Uint8Array[] = [];
  for (let offset = from; ;) {
    const { bytes, isLast } = await text.pageFrom(offset);
    pages.push(bytes);
    offset += bytes.length;
    if (isLast) return Buffer.concat(pages);
  }
}

describe('the text of a document, page by page', () => {
  it('is written once where its pages are taken one after another', async () => {
    const { text, times } = opened();

    expect((await readAll(text)).equals(whole)).toBe(true);
    expect(times()).toBe(1);
  });

  it.each([0, 1, mebibyte - 1, mebibyte, mebibyte + 3, 2 * mebibyte + 5, whole.length - 1, whole.length])(
    'goes on behind %d bytes, forwards and backwards',
    async (offset) => {
      const { text } = opened();

      expect((await readAll(text, offset)).equals(whole.subarray(offset))).toBe(true);
      expect((await readAll(text, offset)).equals(whole.subarray(offset))).toBe(true);
    },
  );

  it('ends behind its end', async () => {
    expect(await opened().text.pageFrom(whole.length + 10)).toEqual({ bytes: Buffer.alloc(0), isLast: true });
  });
});
