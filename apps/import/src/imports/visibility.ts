import type { Caller } from '@keyport/access';
import { KeyportError, type DatasetAction } from '@keyport/contracts';
import type { QueryFilter } from 'mongoose';
import type { ImportDocument } from './import.model.ts';

/** An import shows itself to its creator and to who may read imports of its dataset; to anyone else it is not there. */
export function requireVisible(document: ImportDocument | null, caller: Caller, importId: string): ImportDocument {
  if (document && (isCreator(document, caller) || caller.may('imports:read', document.dataset))) return document;
  throw new KeyportError('IMPORT_NOT_FOUND', { importId });
}

/** Its creator, or who holds the action on its dataset. */
export function requireControl(document: ImportDocument, caller: Caller, action: DatasetAction): void {
  if (!isCreator(document, caller)) caller.require(action, document.dataset);
}

export const isCreator = (document: ImportDocument, caller: Caller): boolean => document.creator === caller.creator;

/** The same rule as {@link requireVisible}, as a filter. */
export function visibleTo({ creator, identity }: Caller): QueryFilter<ImportDocument> {
  const datasets = identity.scopes.flatMap(readableDatasets);
  return { $or: [{ creator }, ...datasets] };
}

function readableDatasets(scope: string): QueryFilter<ImportDocument>[] {
  if (scope === '*') return [{}];
  const [resource, action, pattern] = scope.split(':');
  if (resource !== 'imports' || (action !== 'read' && action !== '*') || pattern === undefined) return [];
  // Dataset names hold no character that means something in a regular expression.
  return [{ dataset: pattern.endsWith('*') ? { $regex: `^${pattern.slice(0, -1)}` } : pattern }];
}
