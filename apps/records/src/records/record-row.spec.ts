import { describe, expect, it } from '@jest/globals';
import { BSON, Decimal128 } from 'bson';
import { readRecord } from './record-row.ts';

const read = (json: string, type: string) => {
  const schema = { type: 'object', properties: { price: { type, format: 'decimal' } } };
  return BSON.deserialize(readRecord(Buffer.from(json), JSON.stringify(schema)).document);
};

describe('readRecord', () => {
  it('checks a Decimal128 as the schema speaks of it: as text or as a number', () => {
    const price = Decimal128.fromString('1.10');

    expect(read('{"price":"1.10"}', 'string')).toMatchObject({ price });
    expect(read('{"price":{"$numberDecimal":"1.10"}}', 'string')).toMatchObject({ price });
    expect(read('{"price":{"$numberDecimal":"1.10"}}', 'number')).toMatchObject({ price });
    expect(read('{"price":1.10}', 'number')).toMatchObject({ price });
  });

  it('refuses text that is no UTF-8', () => {
    const json = Buffer.from('{"a":"\xff"}', 'latin1');

    expect(() => readRecord(json, null)).toThrow(expect.objectContaining({ code: 'MALFORMED_BODY' }));
  });
});
