import { describe, expect, it } from '@jest/globals';
import { sectionOf, withSection } from './kept-section.ts';

const page = '# P\n\n## A\n\n1\n\n### A1\n\n2\n\n## B\n\n3\n';

describe('sectionOf', () => {
  it.each([
    ['A', '## A\n\n1\n\n### A1\n\n2'],
    ['B', '## B\n\n3'],
    ['C', undefined],
  ])('finds %s', (title, section) => {
    expect(sectionOf(page, title)).toBe(section);
  });
});

describe('withSection', () => {
  it('replaces the section, whatever it holds, and nothing else', () => {
    expect(withSection(page, 'A', '## A\n\n$& 4')).toBe('# P\n\n## A\n\n$& 4\n\n## B\n\n3\n');
  });

  it('adds a new one at the end', () => {
    expect(withSection(page, 'C', '## C')).toBe(`${page}\n## C\n`);
    expect(withSection('', 'C', '## C')).toBe('## C\n');
  });
});
