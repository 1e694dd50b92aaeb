// Bundles one app: our own sources into <app>/dist/main.js; packages from the registry stay outside.
import { readFile } from 'node:fs/promises';
import { createRequire, isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';
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

const outfile = join(projectRoot, `dist/${entry}.js`);
const { metafile } = await build({
  entryPoints: [join(projectRoot, `src/${entry}.ts`)],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  keepNames: true,
  sourcemap: true,
  plugins: [keepPackagesOutside, swc],
  logLevel: 'warning',
  metafile: true,
});

// A package that npm put below a library's own folder is out of the bundle's sight: better known now than at the start.
const { resolve: resolveFromBundle } = createRequire(resolve(outfile));
const lost = Object.values(metafile.outputs)
  .flatMap(({ imports }) => imports)
  .filter(({ external, path, kind }) => external && kind === 'import-statement' && !isBuiltin(path) && !isFound(path))
  .map(({ path }) => path);
if (lost.length > 0) {
  console.error(
    `${outfile} cannot find ${[...new Set(lost)].join(', ')}: add them to the root package.json, so that npm hoists them`,
  );
  process.exit(1);
}

function isFound(path) {
  try {
    resolveFromBundle(path);
    return true;
  } catch ({ code }) {
    // A package for `import` alone is there all the same.
    return code !== 'MODULE_NOT_FOUND';
  }
}
