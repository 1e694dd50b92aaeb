import type { Caller, Limited } from '@keyport/access';
import { changingAction, type WriteMode } from '@keyport/contracts';
import type { WriteRequest } from './pending-chunk.ts';

/** Each of the rights that a write takes. */
export interface WriteRights {
  /** For rows that become records. */
  readonly insert: readonly Limited[];
  /** For rows that change records, or delete them. */
  readonly update: readonly Limited[];
}

/** False where a row that matches no record is skipped. */
export const createsRecords = (mode: WriteMode): boolean => mode !== 'replace' && mode !== 'delete';

/**
 * An accepted import may write what it was accepted for (docs/tokens.md, "Scopes"); a token alone takes records:create
 * where rows become records. What an import changes or deletes must lie within its right to import and the right to
 * change or delete records. Throws INSUFFICIENT_SCOPE and RIGHTS_LOST.
 */
export function requireWrite({ dataset, mode }: WriteRequest, caller: Caller): WriteRights {
  const isImport = caller.identity.jobId !== undefined && caller.may('imports:create', dataset);
  const creates = createsRecords(mode);
  const changing = changingAction[mode];
  if (creates && !isImport) caller.require('records:create', dataset);
  if (changing) caller.require(changing, dataset);
  const importing = isImport ? [caller.limitsOn('imports:create', dataset)] : [];
  const creating = isImport ? importing : creates ? [caller.limitsOn('records:create', dataset)] : [];
  return {
    insert: creates ? creating : [],
    update: changing ? [...importing, caller.limitsOn(changing, dataset)] : [],
  };
}

/** A job whose rights were taken away, and which asks what became of a chunk that it may have sent before. */
export const onlyAsks = ({ source }: WriteRequest, { isRevoked, identity }: Caller): boolean =>
  isRevoked && identity.jobId === source;
