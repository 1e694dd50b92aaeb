import type { Caller } from '@keyport/access';

/**
 * What lets a caller read pages. An accepted export may read what it was accepted for (docs/tokens.md, "Scopes"); a token
 * alone takes records:read. Throws INSUFFICIENT_SCOPE and RIGHTS_LOST.
 */
export function readAction(dataset: string, caller: Caller): 'exports:create' | 'records:read' {
  if (caller.identity.jobId !== undefined && caller.may('exports:create', dataset)) return 'exports:create';
  caller.require('records:read', dataset);
  return 'records:read';
}
