import { readFileSync } from 'node:fs';

/** Resident bytes of a process now (proc(5), `VmRSS`). */
export function residentBytes(pid: number): number {
  const [, kibibytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}
