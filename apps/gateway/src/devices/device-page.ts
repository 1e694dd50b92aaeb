import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

/** Beside the sources and beside the bundle, which lies elsewhere. */
const folder = new URL('page/', `file://${findPackageJSON('.', import.meta.url)}`);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

export interface Page {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The page of the device flow, whole in one answer: nothing of a request stands in it, and nothing but its own style and
 * script, named by their hashes, may run in it (CSP Level 3). It cannot be framed, and sends no form anywhere.
 */
export function readDevicePage(): Page {
  const [style, script] = [read('device.css'), read('device.mjs')];
  const html = read('device.html')
    .replace('<!-- style -->', () => `<style>${style}</style>`)
    .replace('<!-- script -->', () => `<script type="module">${script}</script>`);
  return { html, headers: { ...headers, 'content-security-policy': policyFor(style, script) } };
}

const policyFor = (style: string, script: string): string =>
  [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');

const hashOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;

const headers = {
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  // For browsers that know no frame-ancestors.
  'x-frame-options': 'DENY',
};
