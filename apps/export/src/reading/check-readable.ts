import type { ExportSelection } from '@keyport/contracts';
import { checkStyle } from '../writing/check-style.ts';
import { checkIncrement } from './increment.ts';
import { checkSelection } from './selected-scan.ts';

/** Throws VALIDATION_FAILED for options that contradict one another. */
export function checkReadable(selection: ExportSelection): void {
  checkStyle(selection);
  checkSelection(selection);
  checkIncrement(selection);
}
