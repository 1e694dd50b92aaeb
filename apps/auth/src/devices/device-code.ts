import { createHash, randomBytes } from 'node:crypto';

/** Lets secret scanners know one. */
const prefix = 'kpd_';
const form = /^kpd_[A-Za-z0-9_-]{43}$/;

/** 256 random bits. */
export const newDeviceCode = (): string => prefix + randomBytes(32).toString('base64url');

/** What is stored of it and looked for; undefined for a text that never was one. Needs no salt: nobody guesses 256 bits. */
export const deviceCodeHash = (code: string): string | undefined =>
  form.test(code) ? createHash('sha256').update(code).digest('base64url') : undefined;
