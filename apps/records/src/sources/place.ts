import type { DatasetMapping } from '@keyport/contracts';
import type { mongo } from 'mongoose';

/** A collection, and the database that it is in. */
export interface Place {
  readonly db: mongo.Db;
  readonly name: string;
}

/** No name of a source holds one, and Keyport's own collections (`d_…`, `dry_…`) neither. */
const separator = ':';

/** How a definition names the collection of a source: `<source>:<collection>`. */
export const mappedName = ({ source, collection }: DatasetMapping): string => `${source}${separator}${collection}`;

/** Null for a collection of Keyport's own. */
export function mappingOf(collectionName: string): DatasetMapping | null {
  const end = collectionName.indexOf(separator);
  if (end < 0) return null;
  return { source: collectionName.slice(0, end), collection: collectionName.slice(end + 1) };
}

/** Null for Keyport's own deployment. */
export const sourceOf = (collectionName: string): string | null => mappingOf(collectionName)?.source ?? null;

const overlayPattern = /^dry_([0-9a-f]+)(?:@(.+))?$/;

/** The collection that stands in for a dataset in a dry run: on the same deployment, in Keyport's own database there. */
export function overlayName(digest: string, collectionName: string): string {
  const source = sourceOf(collectionName);
  return source === null ? `dry_${digest}` : `dry_${digest}@${source}`;
}

/** Of an overlay that is on the deployment of a source. */
export const overlaySourceOf = (collectionName: string): string | undefined => overlayPattern.exec(collectionName)?.[2];
