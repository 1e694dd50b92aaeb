import { describe, expect, it } from '@jest/globals';
import { BSON } from 'bson';
import { commonTree, fieldOutside, fieldTree } from '../limits/field-tree.ts';
import { mergedDocument } from './merged-document.ts';

const bytes = (document: BSON.Document) => Buffer.from(BSON.serialize(document));

function merge(stored: BSON.Document, row: BSON.Document, ...fields: string[]): unknown {
  const merged = mergedDocument(bytes(stored), bytes(row), fieldTree(fields));
  return Buffer.isBuffer(merged) ? JSON.stringify(BSON.deserialize(merged)) : merged;
}

describe('a row merged into a stored document', () => {
  it('replaces its fields in place, adds new ones behind, and leaves the rest', () => {
    expect(merge({ _id: 1, s: 1, a: 1, t: 2 }, { _id: 9, b: 3, a: 2 }, '_id', 'a', 'b')).toBe(
      '{"_id":1,"s":1,"a":2,"t":2,"b":3}',
    );
    expect(merge({ _id: 1, a: { x: 1 } }, { _id: 1, a: [1] }, 'a')).toBe('{"_id":1,"a":[1]}');
  });

  it('goes into documents where a part of them may be written', () => {
    expect(
      merge({ _id: 1, a: { x: { p: 1, q: 2 }, y: 2 } }, { _id: 1, a: { x: { q: 3 }, z: 1 } }, 'a.x.q', 'a.z'),
    ).toBe('{"_id":1,"a":{"x":{"p":1,"q":3},"y":2,"z":1}}');
    expect(merge({ _id: 1 }, { _id: 1, a: { x: 1 } }, 'a.x')).toBe('{"_id":1,"a":{"x":1}}');
  });

  it('names what it would have to take the place of', () => {
    expect(merge({ _id: 1, a: { x: 5 } }, { _id: 1, a: { x: { y: 1 } } }, 'a.x.y')).toEqual({ path: 'a.x' });
    expect(merge({ _id: 1, a: null }, { _id: 1, a: { x: 1 } }, 'a.x')).toEqual({ path: 'a' });
    expect(merge({ _id: 1, a: [{ x: 1, y: 2 }] }, { _id: 1, a: [{ x: 1 }] }, 'a.x')).toEqual({ path: 'a' });
    expect(merge({ _id: 1, a: [{ x: 1 }] }, { _id: 1, a: [{ x: 1 }] }, 'a.x')).toBe('{"_id":1,"a":[{"x":1}]}');
  });
});

describe('a tree of fields', () => {
  const outside = (row: BSON.Document, ...fields: string[]) => fieldOutside(fieldTree(fields), bytes(row));

  it('finds the first field outside', () => {
    expect(outside({ a: { any: 1 }, b: { c: 1 } }, 'a', 'b.c')).toBeUndefined();
    expect(outside({ a: 1, b: { c: 1, d: 1 }, e: 1 }, 'a', 'b.c')).toBe('b.d');
    expect(outside({ b: 5 }, 'b.c')).toBe('b');
    expect(outside({ b: [[{ c: 1 }], { c: 1, d: 1 }] }, 'b.c')).toBe('b.d');
    expect(outside({ b: [5] }, 'b.c')).toBe('b');
    expect(outside({ 'b.c': 1 }, 'b.c')).toBe('b.c');
    expect(outside({ b: {} }, 'b.c')).toBeUndefined();
    expect(outside({ a: 1 }, 'a.$', 'a..b')).toBe('a');
  });

  it('meets another one in what both hold', () => {
    const common = commonTree(fieldTree(['a', 'b.x', 'b.y', 'c.d']), fieldTree(['a.deep', 'b.y', 'b.z', 'c']));

    expect(common).toEqual(fieldTree(['a.deep', 'b.y', 'c.d']));
  });
});
