// Bundles one app: our own sources into <app>/dist/main.js, from where Node finds the app's own packages too, packages from the registry left outside.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transform } from '@swc/core';
import { build } from 'esbuild';
import { swcOptions } from './swc-options.mjs';

const [projectRoot, entry = 'main'] = process.argv.slice(2);

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
  entryPoints: [join(projectRoot, `src/${entry}.ts`)],
  outfile: join(projectRoot, `dist/${entry}.js`),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  keepNames: true,
  sourcemap: true,
  plugins: [keepPackagesOutside, swc],
  logLevel: 'warning',
});
