import { KeyportError } from '@keyport/contracts';

/** The KeyportError that the work ends with, or undefined; any other error is thrown on. */
export async function refusalOf(work: Promise<unknown>): Promise<KeyportError | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof KeyportError) return error;
    throw error;
  }
}

/** Its code; `none` where the work succeeds. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  return (await refusalOf(work))?.code ?? 'none';
}
