/**
 * The projection for fields of which none lies inside another; `_id` is always read, since the next page begins behind
 * it. Parts of an `_id` cannot be shown without the whole.
 */
export function projectionFor(fields: readonly string[]): Record<string, 1> {
  const withoutIdParts = fields.filter((path) => !path.startsWith('_id.'));
  return Object.fromEntries([...withoutIdParts, '_id'].map((path) => [path, 1]));
}
