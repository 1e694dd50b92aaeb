import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const maxLogBytes = 10 * 1024 * 1024;
const keptLogs = 3;

/** Opens a log for appending; one that has grown large is moved to `<name>.1` first, and so on, three are kept. */
export function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (existsSync(path) && statSync(path).size > maxLogBytes) rotate(path);
  return openSync(path, 'a', 0o600);
}

function rotate(path: string): void {
  for (let number = keptLogs - 1; number >= 1; number -= 1) {
    if (existsSync(`${path}.${number}`)) renameSync(`${path}.${number}`, `${path}.${number + 1}`);
  }
  renameSync(path, `${path}.1`);
}

/** The part of a file from `offset` on, at most `maxBytes` of its end. */
export function readFrom(path: string, offset: number, maxBytes = 64 * 1024): { text: string; size: number } {
  if (!existsSync(path)) return { text: '', size: 0 };
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const start = Math.max(size < offset ? 0 : offset, size - maxBytes);
    const bytes = Buffer.alloc(size - start);
    const read = readSync(file, bytes, 0, bytes.length, start);
    return { text: bytes.toString('utf8', 0, read), size: start + read };
  } finally {
    closeSync(file);
  }
}
