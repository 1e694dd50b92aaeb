import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Turns places in one bundle (`file:…/main.js:10:5`) into those of its sources, relative to a folder; other places only
 * become relative. The map is read at once: a build may replace it while the process still runs the old bundle.
 */
export class SourcePlaces {
  private readonly map: SourceMap;

  constructor(
    private readonly root: string,
    private readonly bundle: string,
  ) {
    this.map = new SourceMap(JSON.parse(readFileSync(`${bundle}.map`, 'utf8')) as SourceMapPayload);
  }

  of(place: string): string {
    const match = /^(file:.*):(\d+):(\d+)$/.exec(place);
    if (!match) return place;
    const [, url = '', line = '', column = ''] = match;
    const path = fileURLToPath(url);
    const entry = path === this.bundle && this.map.findEntry(Number(line) - 1, Number(column) - 1);
    if (!entry || !('originalSource' in entry)) return `${relative(this.root, path)}:${line}`;
    const source = resolve(dirname(path), entry.originalSource.replace(/^file:\/\//, ''));
    return `${relative(this.root, source)}:${entry.originalLine + 1}`;
  }
}
