import { describe, expect, it } from '@jest/globals';
import { patternEffort, patternFault } from './pattern.ts';

const good = [
  '^eu-',
  'straße$',
  '^[A-Z]{2}-\\d{4,8}$',
  'colou?r',
  '(?:red|green|blue)?-[^,]+,.*end',
  '\\bfoo\\b.*bar',
  '[)(*+?{|]',
  '[]a]+',
  '[[:alpha:]]+',
  'a{3}',
  'a{3,}?',
  'a\\{1',
  '{',
  'x{,3}',
  '.*?a.+?b',
  '\\p{Lu}',
];

describe('a pattern of a filter', () => {
  it.each(good)('%s is taken', (pattern) => {
    expect(patternFault(pattern)).toBeUndefined();
  });

  it.each([
    ['^(a+)+$', /repeat a group/],
    ['(a|a)*$', /repeat a group/],
    ['((ab){2,3}){2,3}', /repeat a group/],
    ['(.*a){20}', /repeat a group/],
    [`${'a?'.repeat(20)}${'a'.repeat(20)}`, /too many ways/],
    ['(a|a)'.repeat(12), /too many ways/],
    ['.*a.*b.*c', /may hold 2 .* or 3 where/],
    ['^.*a.*b.*c.*d', /may hold 2/],
    ['^a*b*c*|d', /may hold 2/],
    ['a**', /repeat what/],
    ['(?=a)b', /look-ahead/],
    ['(?!a)b', /look-ahead/],
    ['(?<!a)b', /look-behind/],
    ['(?<name>a)', /a name/],
    ['(?i)a', /other than/],
    ['(?R)', /other than/],
    ['(*LIMIT_MATCH=1)a', /verb/],
    ['(a)\\1', /must not use \\1/],
    ['\\Qa*b', /must not use \\Q/],
    ['\\K', /must not use/],
    ['(a', /not closed/],
    ['a)', /not open/],
    ['[a', /class/],
    ['*a', /nothing before/],
    ['a{1000}', /100 times/],
    ['a'.repeat(257), /256 characters/],
    ['', /takes a text/],
    ['a\u0000', /NUL/],
    [5, /takes a text/],
  ])('%s is refused', (pattern, fault) => {
    expect(patternFault(pattern)).toMatch(fault);
  });

  it('may begin at every line where ^ does', () => {
    expect(patternFault('^a*b*c*')).toBeUndefined();
    expect(patternFault('^a*b*c*', 'im')).toMatch(/may hold 2/);
  });

  it.each([
    ['straße', '', { degree: 1, ways: 1, openQuantifiers: 0, groups: 0, isAnchored: false }],
    ['^a?b{1,4}', '', { degree: 0, ways: 8, openQuantifiers: 0, groups: 0, isAnchored: true }],
    ['^(?:a|b)x*', '', { degree: 1, ways: 2, openQuantifiers: 1, groups: 1, isAnchored: true }],
    ['^a|bx*', '', { degree: 2, ways: 2, openQuantifiers: 1, groups: 0, isAnchored: false }],
    ['^x*', 'm', { degree: 2, ways: 1, openQuantifiers: 1, groups: 0, isAnchored: false }],
    ['[|]x*\\|', '', { degree: 2, ways: 1, openQuantifiers: 1, groups: 0, isAnchored: false }],
  ])('%s (%s) costs %o', (pattern, options, effort) => {
    expect(patternEffort(pattern, options)).toEqual(effort);
  });
});
