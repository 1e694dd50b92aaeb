import { existsSync, readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { relative, resolve, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Turns places in the bundles (`file:…/main.js:10:5`) into those of the sources, relative to a folder. */
export class SourcePlaces {
  private readonly maps = new Map<string, SourceMap | undefined>();

  constructor(private readonly root: string) {}

  of(place: string): string {
    const match = /^(file:.*):(\d+):(\d+)$/.exec(place);
    if (!match) return place;
    const [, url = '', line = '', column = ''] = match;
    const path = fileURLToPath(url);
    const entry = this.mapOf(path)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (!entry || !('originalSource' in entry)) return `${relative(this.root, path)}:${line}`;
    const source = resolve(dirname(path), entry.originalSource.replace(/^file:\/\//, ''));
    return `${relative(this.root, source)}:${entry.originalLine + 1}`;
  }

  private mapOf(path: string): SourceMap | undefined {
    if (!this.maps.has(path)) this.maps.set(path, readMap(`${path}.map`));
    return this.maps.get(path);
  }
}

const readMap = (file: string): SourceMap | undefined =>
  existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, 'utf8')) as SourceMapPayload) : undefined;
