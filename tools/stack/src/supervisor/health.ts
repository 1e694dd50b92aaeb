import { until } from '../servers/until.ts';

const answerWithinMs = 5_000;

/** Waits until every gateway says that it is ready, at most `withinMs` where that is given. */
export async function untilHealthy(
  urls: readonly string[],
  signal: AbortSignal = new AbortController().signal,
  withinMs?: number,
): Promise<void> {
  const timeout = withinMs === undefined ? undefined : AbortSignal.timeout(withinMs);
  const over = timeout ? AbortSignal.any([signal, timeout]) : signal;
  const isHealthy = async (url: string) =>
    (await fetch(`${url}/health/ready`, { signal: AbortSignal.any([over, AbortSignal.timeout(answerWithinMs)]) })).ok;
  try {
    await Promise.all(urls.map((url) => until(() => isHealthy(url), over)));
  } catch (error) {
    if (!timeout?.aborted) throw error;
    throw new Error(`the gateway is not ready after ${(withinMs ?? 0) / 1_000} s; ask ${urls[0]}/health/ready`, {
      cause: error,
    });
  }
}
