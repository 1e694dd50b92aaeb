import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { KeyportError } from '@keyport/contracts';
import { ContentDigest } from './content-digest.ts';

const file = Buffer.from('{"a":1}\n');
const member = (name: string, bytes: Buffer) =>
  `${name}=:${createHash(name.replace('-', '')).update(bytes).digest('base64')}:`;

async function mismatchOf(header: string, body = file): Promise<string | undefined> {
  const digest = ContentDigest.of(header);
  const parts = digest?.over(arriving(body)) ?? [];
  const passed = await Array.fromAsync(parts);
  expect(Buffer.concat(passed)).toEqual(body);
  return digest?.mismatch();
}

async function* arriving(body: Buffer) {
  yield body.subarray(0, 3);
  yield body.subarray(3);
}

describe('ContentDigest', () => {
  it.each(['sha-256', 'sha-512'])('knows a body by its %s digest', async (name) => {
    expect(await mismatchOf(member(name, file))).toBeUndefined();
    expect(await mismatchOf(member(name, Buffer.from('other')))).toBe(name);
  });

  it('verifies each of several, and passes over algorithms that it does not know', async () => {
    const both = `${member('sha-256', file)}, ${member('sha-512', Buffer.from('other'))}`;

    expect(await mismatchOf(both)).toBe('sha-512');
    expect(await mismatchOf(`md5=:AAAA:, ${member('sha-256', file)}`)).toBeUndefined();
  });

  it.each(['', 'sha-256', 'sha-256=abc', 'sha-256=:AAAA:', 'md5=:AAAA:'])(
    'refuses %j, which verifies nothing',
    (header) => {
      expect(() => ContentDigest.of(header)).toThrow(KeyportError);
    },
  );

  it('is not there where the header is not', () => {
    expect(ContentDigest.of(undefined)).toBeUndefined();
  });
});
