import type { Caller } from '@keyport/access';
import type { WriteRequest } from './pending-chunk.ts';

/**
 * An accepted import may write what it was accepted for (docs/tokens.md, "Scopes"); a token alone takes records:create.
 * Throws INSUFFICIENT_SCOPE and RIGHTS_LOST.
 */
export function requireWrite({ dataset, mode }: WriteRequest, caller: Caller): void {
  const isImport = caller.identity.jobId !== undefined && caller.may('imports:create', dataset);
  if (!isImport) caller.require('records:create', dataset);
  if (mode === 'upsert') caller.require('records:update', dataset);
}

/** A job whose rights were taken away, and which asks what became of a chunk that it may have sent before. */
export const onlyAsks = ({ source }: WriteRequest, { isRevoked, identity }: Caller): boolean =>
  isRevoked && identity.jobId === source;
