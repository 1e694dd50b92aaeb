import { createHash, randomBytes } from 'node:crypto';

/** Lets secret scanners know one. */
const prefix = 'kpr_';
const form = /^kpr_[A-Za-z0-9_-]{43}$/;

/** 256 random bits. Opaque: nothing can be read from it. */
export const newRefreshToken = (): string => prefix + randomBytes(32).toString('base64url');

/** What is stored of it and looked for; undefined for a text that never was one. Needs no salt: nobody guesses 256 bits. */
export const refreshTokenHash = (token: string): string | undefined =>
  form.test(token) ? createHash('sha256').update(token).digest('base64url') : undefined;
