import { swcOptions } from './tools/build/src/swc-options.mjs';

// Which layer runs is told by tools/run/src/jest.mjs: unit (*.spec.ts, no I/O), int (*.int.spec.ts), e2e (*.e2e.spec.ts).
const layer = process.env.KEYPORT_TEST_LAYER ?? 'unit';
const patterns = {
  unit: { testRegex: '(?<!\\.(int|e2e))\\.spec\\.ts$', testTimeout: 20_000 },
  int: { testRegex: '\\.int\\.spec\\.ts$', testTimeout: 60_000 },
  e2e: { testRegex: '\\.e2e\\.spec\\.ts$', testTimeout: 180_000 },
};

export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': [import.meta.resolve('@swc/jest').replace('file://', ''), { ...swcOptions, swcrc: false }] },
  transformIgnorePatterns: ['/node_modules/'],
  maxWorkers: layer === 'unit' ? '50%' : 1,
  ...patterns[layer],
};
