import { describe, expect, it } from '@jest/globals';
import { firstWindow, nextWindow } from './scan-window.ts';

describe('the window of a page', () => {
  it('grows while pages are quick, up to a limit, and shrinks when one was slow, down to one record', () => {
    expect(nextWindow(firstWindow, 10)).toBe(2 * firstWindow);
    expect(nextWindow(40_000, 10)).toBe(50_000);
    expect(nextWindow(firstWindow, 500)).toBe(firstWindow);
    expect(nextWindow(1_000, 2_000)).toBe(250);
    expect(nextWindow(1, 2_000)).toBe(1);
  });
});
