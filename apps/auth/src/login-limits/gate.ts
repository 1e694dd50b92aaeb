import { KeyportError } from '@keyport/contracts';

/** A limit that an attempt must pass: counted as a failure on entry, and taken back where it was none. */
export interface Gate {
  /** Throws LOGIN_THROTTLED. */
  enter(): Promise<Passage>;
}

export interface Passage {
  /** The attempt was not made after all. */
  takeBack(): Promise<void>;
  /** The attempt succeeded. */
  succeed(): Promise<void>;
}

export const throttled = (retryAfterMs: number): KeyportError =>
  new KeyportError('LOGIN_THROTTLED', { retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)) });

/**
 * Makes an attempt behind all gates, in their order. `work` resolves undefined where it failed; an attempt that could not
 * be made, since a gate was closed or `work` threw, leaves no trace.
 */
export async function passing<Result>(
  gates: readonly Gate[],
  work: () => Promise<Result | undefined>,
): Promise<Result | undefined> {
  const passages: Passage[] = [];
  try {
    for (const gate of gates) passages.push(await gate.enter());
    const result = await work();
    if (result !== undefined) await Promise.all(passages.map((passage) => passage.succeed()));
    return result;
  } catch (error) {
    await Promise.all(passages.map((passage) => passage.takeBack()));
    throw error;
  }
}
