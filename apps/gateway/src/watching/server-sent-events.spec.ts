import { describe, expect, it } from '@jest/globals';
import { eventOf, heartbeat, lastEventIdOf, openingOf } from './server-sent-events.ts';

describe('server-sent events', () => {
  it('are one line of data each, whatever the data holds', () => {
    expect(eventOf(7, { detail: 'two\nlines\r\n\n' })).toBe('id: 7\ndata: {"detail":"two\\nlines\\r\\n\\n"}\n\n');
  });

  it('begin with how long to wait before asking again, and are kept alive by comments', () => {
    expect(openingOf(1000)).toBe('retry: 1000\n\n');
    expect(heartbeat.startsWith(':')).toBe(true);
    expect(heartbeat.endsWith('\n\n')).toBe(true);
  });

  it.each([
    ['12', 12],
    ['0', 0],
    ['', undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['9'.repeat(16), undefined],
    ['12\n', undefined],
    [undefined, undefined],
    [['1', '2'], undefined],
  ])('go on after the id %j', (header, expected) => {
    expect(lastEventIdOf(header)).toBe(expected);
  });
});
