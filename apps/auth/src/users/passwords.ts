import { hash, verify } from '@node-rs/argon2';
import { KeyportError } from '@keyport/contracts';

/** OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, two passes, one lane. The library's algorithm is argon2id. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Of libuv's four threads, which also sign tokens: logging in must not keep them all. */
const atOnce = 2;
/** Logins that wait; about two seconds of work. */
const maxWaiting = 64;

let running = 0;
const waiting: (() => void)[] = [];

/** PHC string; computed off the event loop. */
export const hashPassword = (password: string): Promise<string> => inTurn(() => hash(password, cost));

/** Throws SERVICE_UNAVAILABLE where too many wait already. */
export const passwordMatches = (passwordHash: string, password: string): Promise<boolean> =>
  inTurn(() => verify(passwordHash, password));

async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  if (waiting.length >= maxWaiting) throw new KeyportError('SERVICE_UNAVAILABLE', { service: 'auth' });
  if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  try {
    return await work();
  } finally {
    // The place goes to the next in line, or is free.
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}
