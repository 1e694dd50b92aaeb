import eslint from '@eslint/js';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

const libs = (...names) => names.map((name) => `lib:${name}`);
const mayUse = (sourceTag, ...tags) => ({ sourceTag, onlyDependOnLibsWithTags: tags });

// Who may import whom. Apps never import one another: they meet in libs/contracts and on the bus.
const depConstraints = [
  mayUse('lib:contracts'),
  mayUse('lib:codec'),
  // Its tests take their servers from the stack: the harness in libs/testing stands on the bus library itself.
  mayUse('lib:messaging', ...libs('contracts'), 'tool:stack'),
  mayUse('lib:access', ...libs('contracts', 'messaging'), 'tool:stack'),
  mayUse('lib:mongo', ...libs('contracts'), 'tool:stack'),
  mayUse('lib:outbox', ...libs('contracts', 'messaging', 'mongo'), 'tool:stack'),
  mayUse('lib:publisher', ...libs('contracts'), 'tool:stack'),
  mayUse('lib:service', ...libs('contracts', 'messaging')),
  mayUse('lib:testing', ...libs('contracts', 'messaging', 'access'), 'tool:stack'),
  mayUse('app:gateway', ...libs('contracts', 'messaging', 'access', 'service', 'testing')),
  mayUse('app:auth', ...libs('contracts', 'messaging', 'access', 'mongo', 'outbox', 'service', 'testing')),
  mayUse('app:records', ...libs('contracts', 'messaging', 'access', 'mongo', 'outbox', 'codec', 'service', 'testing')),
  mayUse('app:import', ...libs('contracts', 'messaging', 'access', 'mongo', 'outbox', 'codec', 'service', 'testing')),
  mayUse('app:export', ...libs('contracts', 'messaging', 'access', 'mongo', 'outbox', 'codec', 'service', 'testing')),
  mayUse('app:e2e', ...libs('contracts', 'testing'), 'tool:stack'),
  mayUse('tool:stack', ...libs('contracts')),
  mayUse('tool:bench', ...libs('testing'), 'tool:stack'),
  mayUse('tool:run'),
  mayUse('tool:build'),
  mayUse('example', ...libs('contracts', 'messaging', 'publisher')),
];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '**/tmp/**', '**/.keyport/**', '.nx/**'] },
  eslint.configs.recommended,
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
      },
    },
  },
  {
    // Run by browsers.
    files: ['apps/gateway/page/*.mjs'],
    languageOptions: {
      globals: {
        addEventListener: 'readonly',
        document: 'readonly',
        location: 'readonly',
        URLSearchParams: 'readonly',
      },
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // Test doubles and handlers keep the async signature of what they stand for.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['**/*.ts', '**/*.mjs'],
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': ['error', { enforceBuildableLibDependency: true, allow: [], depConstraints }],
    },
  },
  {
    // The environment is read in one place an app (house style 14).
    files: ['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts'],
    ignores: [
      'apps/*/src/config.ts',
      'libs/service/src/**',
      'libs/testing/src/**',
      'apps/e2e/src/**',
      'apps/*/src/harness/**',
      '**/*.spec.ts',
    ],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Read the environment in config.ts.' },
      ],
    },
  },
);
