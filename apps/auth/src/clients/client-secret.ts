import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Lets secret scanners know one. */
const prefix = 'kps_';

/** 256 random bits, in characters that need no encoding in a form or a header. */
export const newClientSecret = (): string => prefix + randomBytes(32).toString('base64url');

/** What is stored of a secret. Needs no salt, and no slow hash: nobody guesses 256 bits. */
export const clientSecretHash = (secret: string): string => digest(secret).toString('base64url');

/** Compared with where there is no such client, so that the time taken does not tell. */
const nobodysHash = randomBytes(32).toString('base64url');

/** Takes the same time whichever it is, and however much of it is right. */
export function secretMatches(secret: string, hash: string | null | undefined): boolean {
  const isEqual = timingSafeEqual(digest(secret), Buffer.from(hash ?? nobodysHash, 'base64url'));
  return isEqual && typeof hash === 'string';
}

const digest = (secret: string): Buffer => createHash('sha256').update(secret).digest();
