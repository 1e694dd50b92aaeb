import { describe, expect, it } from '@jest/globals';
import { giveBack, giveBackSpent, spending } from './give-back.ts';

const large = 64 * 1024 + 1;

describe('a buffer that is given back', () => {
  it('is empty, with all views of it, and may be given back again', () => {
    const buffer = Buffer.alloc(2 * large, 7);
    const view = buffer.subarray(10, 10 + large);

    giveBack(view);
    giveBack(view);

    expect([buffer.length, view.length, buffer.buffer.byteLength]).toEqual([0, 0, 0]);
  });

  it('stays as it is where it is no larger than a read, which several messages share', () => {
    const read = Buffer.alloc(64 * 1024, 7);
    const message = read.subarray(100, 200);

    giveBack(message);
    giveBack(read);

    expect([message.length, message[0], read.length]).toEqual([100, 7, 64 * 1024]);
  });
});

describe('what a reply spends', () => {
  it('is given back with it, and nothing else', () => {
    const [spent, kept] = [Buffer.alloc(large, 7), Buffer.alloc(large, 7)];
    const reply = spending({ spent, kept }, spent);

    giveBackSpent(reply);
    giveBackSpent({ kept });

    expect([spent.length, kept.length]).toEqual([0, large]);
  });
});
