import { jest } from '@jest/globals';

/** Whatever tells of time but the date goes on: timeouts, the drivers' own clocks. */
const goesOn = [
  ...(['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
  ...(['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] as const),
];

/** The date stands still from now on, for the test and the services inside its process: nothing ends while they work. */
export function stopClock(): void {
  jest.useFakeTimers({ now: Date.now(), doNotFake: goesOn });
}

/** It stands at a later moment. */
export function letPass(ms: number): void {
  jest.setSystemTime(Date.now() + ms);
}

export function startClock(): void {
  jest.useRealTimers();
}
