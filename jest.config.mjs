import { swcOptions } from './tools/build/src/swc-options.mjs';

// Which layer runs is told by tools/run/src/jest.mjs: unit (*.spec.ts, no I/O), int (*.int.spec.ts), e2e (*.e2e.spec.ts).
const layer = process.env.KEYPORT_TEST_LAYER ?? 'unit';
/**
 * End-to-end tests that measure how soon something is so, how much at once is served, or that kill processes all the while:
 * nothing runs beside them. All others wait more than they work, so two run side by side.
 */
const alone =
  '/(drills/|bus-credentials|external-issuers|fairness|keys|limits|revocation|rights-now|signing-keys|slow-clients)[^/]*\\.e2e\\.spec\\.ts$';
// Which of both turns it is, is told by tools/run/src/jest.mjs too.
const isAlone = process.env.KEYPORT_TEST_TURN === 'alone';
const patterns = {
  unit: { testRegex: '(?<!\\.(int|e2e))\\.spec\\.ts$', testTimeout: 60_000 },
  int: { testRegex: '\\.int\\.spec\\.ts$', testTimeout: 240_000 },
  e2e: {
    testRegex: isAlone ? alone : '\\.e2e\\.spec\\.ts$',
    testPathIgnorePatterns: ['/node_modules/', ...(isAlone ? [] : [alone])],
    testTimeout: 180_000,
  },
};

export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': [import.meta.resolve('@swc/jest').replace('file://', ''), { ...swcOptions, swcrc: false }] },
  transformIgnorePatterns: ['/node_modules/'],
  maxWorkers: { unit: '50%', int: 1, e2e: isAlone ? 1 : 2 }[layer],
  ...patterns[layer],
};
