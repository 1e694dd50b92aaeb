import { describe, expect, it } from '@jest/globals';
import { BSON, Decimal128, Double, EJSON, Int32, Long, ObjectId } from 'bson';
import { idCandidates } from './record-id.ts';
import { relaxedJson } from './relaxed-json.ts';

describe('the text of an id', () => {
  it('means an ObjectId first where it has 24 hex digits, then a string', () => {
    const text = '65f000000000000000000001';

    expect(idCandidates(text)).toEqual([new ObjectId(text), text]);
  });

  it('means a string otherwise, also where it looks like a number', () => {
    expect(idCandidates('5')).toEqual(['5']);
    expect(idCandidates('{not json')).toEqual(['{not json']);
  });

  it('means a value of another type where it is canonical Extended JSON', () => {
    expect(idCandidates('{"$numberInt":"5"}')[0]).toEqual(new Int32(5));
    expect(idCandidates('{"$numberLong":"9007199254740993"}')[0]).toEqual(Long.fromString('9007199254740993'));
    expect(idCandidates('{"a":{"$numberDouble":"1.0"}}')[0]).toEqual({ a: new Double(1) });
    expect(idCandidates('true')).toEqual(['true', true]);
  });
});

describe('a record as JSON', () => {
  it('is relaxed Extended JSON of every type', () => {
    const document = {
      _id: new ObjectId('65f000000000000000000001'),
      at: new Date(0),
      price: Decimal128.fromString('1.10'),
      list: [new Int32(1), { deep: 'ü"' }],
      empty: {},
      nothing: null,
    };

    const json = relaxedJson(Buffer.from(BSON.serialize(document)));

    expect(json).toBe(EJSON.stringify(document, { relaxed: true }));
  });

  it('keeps integers that a double cannot hold, and the order of fields that look like numbers', () => {
    const safe = Buffer.from(BSON.serialize({ b: Long.fromString('9007199254740993'), c: Long.fromNumber(5) }));
    const first = Buffer.from(BSON.serialize({ xx: 1, '1': 2 }));
    // bson writes an object's fields as JavaScript orders them; the name of the second field becomes a number.
    const numbered = Buffer.from(BSON.serialize({ ab: new Int32(1), cd: new Int32(2) }));
    numbered.write('10', numbered.indexOf('cd'));

    expect(relaxedJson(safe)).toBe('{"b":{"$numberLong":"9007199254740993"},"c":5}');
    expect(relaxedJson(numbered)).toBe('{"ab":1,"10":2}');
    expect(JSON.parse(relaxedJson(first))).toEqual({ xx: 1, '1': 2 });
  });
});
