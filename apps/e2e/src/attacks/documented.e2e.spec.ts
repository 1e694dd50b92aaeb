import { describe, expect, it } from '@jest/globals';
import { textOf } from '../workspace/workspace-files.ts';
import { allAttacks } from './all-attacks.ts';
import { attackRows } from './attack-rows.ts';

/** Rows `| name | source | refusal |` of the page, by the heading above them. */
function documentedRows(markdown: string): Map<string, string[]> {
  const sections = markdown.split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const [heading = ''] = section.split('\n', 1);
      const rows = [...section.matchAll(/^\| +(.+?) +\| +(.+?) +\| +`(.+?)` +\|$/gm)];
      return [heading, rows.map(([, name = '', source = '', refusal = '']) => `${name} | ${source} | ${refusal}`)];
    }),
  );
}

describe('docs/attacks.md', () => {
  const groups = Object.entries(allAttacks);

  it.each(groups)('lists under "%s" the attacks of the suite, and no others', async (heading, attacks) => {
    const documented = documentedRows(await textOf('docs/attacks.md')).get(heading);

    expect(documented).toEqual(attackRows(attacks));
  });

  it('has no group of attacks that the suite does not have', async () => {
    const withRows = [...documentedRows(await textOf('docs/attacks.md'))].filter(([, rows]) => rows.length > 0);

    expect(withRows.map(([heading]) => heading)).toEqual(groups.map(([heading]) => heading));
  });

  it('names each attack once', () => {
    const names = groups.flatMap(([, attacks]) => attacks.map(({ name }) => name));

    expect(names.length).toBeGreaterThan(300);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('gives a source that can be looked up for each', () => {
    const known = /RFC \d{4}|CVE-\d{4}-\d{4,}|CWE-\d+|FIPS \d+|NIST SP \d+|OWASP API\d|\(\d{4}\)/;
    const unsourced = groups.flatMap(([, attacks]) => attacks.filter(({ source }) => !known.test(source)));

    expect(unsourced).toEqual([]);
  });
});
