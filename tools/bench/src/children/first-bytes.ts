import { once } from 'node:events';
import { answer } from './answer.ts';
import type { HttpTarget } from './http-target.ts';
import { openResponse } from './open-response.ts';

export interface FirstBytesAsked {
  readonly target: HttpTarget;
  readonly times: number;
}

// One after the other, each over a connection of its own, and broken off at once: the rest would only take time.
answer<FirstBytesAsked, { readonly ms: readonly number[] }>(async ({ target, times }) => {
  const ms: number[] = [];
  while (ms.length < times) {
    const asked = performance.now();
    const response = await openResponse(target);
    await once(response, 'data');
    ms.push(performance.now() - asked);
    response.destroy();
  }
  return { ms };
});
