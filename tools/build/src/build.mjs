// Bundles one app: our own sources into dist/<app>/main.js, packages from the registry left outside.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transform } from '@swc/core';
import { build } from 'esbuild';
import { swcOptions } from './swc-options.mjs';

const projectRoot = process.argv[2];

// esbuild emits no decorator metadata, which NestJS needs to inject.
const swc = {
  name: 'swc',
  setup(context) {
    context.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, 'utf8'), { ...swcOptions, filename: path, swcrc: false });
      return { contents: code, loader: 'js' };
    });
  },
};

const keepPackagesOutside = {
  name: 'packages-outside',
  setup(context) {
    context.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' || path.startsWith('@keyport/') ? undefined : { path, external: true },
    );
  },
};

await build({
  entryPoints: [join(projectRoot, 'src/main.ts')],
  outfile: join('dist', projectRoot, 'main.js'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  keepNames: true,
  sourcemap: true,
  plugins: [keepPackagesOutside, swc],
  logLevel: 'warning',
});
