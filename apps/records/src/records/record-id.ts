import { EJSON, ObjectId } from 'bson';

/**
 * The values that the text of an id may mean, most likely first: 24 hex digits an ObjectId and then a string; what is
 * canonical Extended JSON of another type, that value and then a string.
 */
export function idCandidates(text: string): unknown[] {
  if (/^[0-9a-f]{24}$/i.test(text)) return [new ObjectId(text), text];
  if (text.startsWith('{')) return [...extended(text), text];
  // A string that says "true" is more likely than a record whose id is a truth value.
  return [text, ...(/^(?:true|false|null)$/.test(text) ? extended(text) : [])];
}

function extended(text: string): unknown[] {
  try {
    return [EJSON.parse(text, { relaxed: false })];
  } catch {
    return [];
  }
}
