import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { isKnownToClient } from './file-conditions.ts';

const file = { etag: '"abc"', lastModified: new Date('2026-11-24T10:00:00.700Z') };
const at = 'Tue, 24 Nov 2026 10:00:00 GMT';
const before = 'Tue, 24 Nov 2026 09:59:59 GMT';
const after = 'Tue, 24 Nov 2026 10:00:01 GMT';

const outcome = (headers: IncomingHttpHeaders) => {
  try {
    return isKnownToClient(headers, file) ? 304 : 200;
  } catch (error) {
    return error;
  }
};
const failed = expect.objectContaining({ code: 'PRECONDITION_FAILED' });

describe('the conditions of a request for a file', () => {
  it.each<[string, IncomingHttpHeaders, unknown]>([
    ['none', {}, 200],
    ['If-None-Match with its tag', { 'if-none-match': '"abc"' }, 304],
    ['If-None-Match with its tag as a weak one', { 'if-none-match': '"x", W/"abc"' }, 304],
    ['If-None-Match: *', { 'if-none-match': '*' }, 304],
    ['If-None-Match with another tag', { 'if-none-match': '"x"' }, 200],
    ['If-None-Match with its tag without quotes', { 'if-none-match': 'abc' }, 200],
    [
      'If-None-Match with another tag, whatever If-Modified-Since says',
      { 'if-none-match': '"x"', 'if-modified-since': at },
      200,
    ],
    ['If-Modified-Since of its second', { 'if-modified-since': at }, 304],
    ['If-Modified-Since of later', { 'if-modified-since': after }, 304],
    ['If-Modified-Since of before', { 'if-modified-since': before }, 200],
    ['If-Modified-Since that is no date', { 'if-modified-since': 'yesterday' }, 200],
    ['If-Match with its tag', { 'if-match': '"x", "abc"' }, 200],
    ['If-Match: *', { 'if-match': '*' }, 200],
    ['If-Match with another tag', { 'if-match': '"x"' }, failed],
    ['If-Match with its tag as a weak one, which is no strong match', { 'if-match': 'W/"abc"' }, failed],
    ['If-Unmodified-Since of its second', { 'if-unmodified-since': at }, 200],
    ['If-Unmodified-Since of before', { 'if-unmodified-since': before }, failed],
    ['If-Unmodified-Since that is no date', { 'if-unmodified-since': '-' }, 200],
    [
      'If-Match with its tag, whatever If-Unmodified-Since says',
      { 'if-match': '"abc"', 'if-unmodified-since': before },
      200,
    ],
    ['If-Match and If-None-Match with its tag', { 'if-match': '"abc"', 'if-none-match': '"abc"' }, 304],
    ['If-Match with another tag before If-None-Match', { 'if-match': '"x"', 'if-none-match': '"abc"' }, failed],
  ])('%s', (_title, headers, expected) => {
    expect(outcome(headers)).toEqual(expected);
  });
});
