import { describe, expect, it } from '@jest/globals';
import { isProblem, rowOf, type RowDataset } from './event-row.ts';

const noKey: RowDataset = { key: [], fieldTypes: {} };
const byCode: RowDataset = { key: ['code'], fieldTypes: {} };

function row(isDelete: boolean, dataset: RowDataset, { subject, data }: { subject?: string; data?: string }): unknown {
  const event = {
    id: '1',
    source: '/shop',
    type: 't',
    isDelete,
    subject,
    data: data === undefined ? undefined : Buffer.from(data),
  };
  const made = rowOf(event, dataset);
  return isProblem(made) ? made.code : Buffer.from(made).toString();
}

describe('the row of an event that upserts', () => {
  it('is its data, and where that names no record the subject is the _id', () => {
    expect(row(false, noKey, { subject: 'A-"1"', data: '{"n":1.0}' })).toBe('{"_id":"A-\\"1\\"","n":1.0}');
    expect(row(false, noKey, { subject: 'A', data: '{ }' })).toBe('{"_id":"A" }');
    expect(row(false, noKey, { subject: 'A', data: '{"n":1,"\\u005fid":7}' })).toBe('{"n":1,"\\u005fid":7}');
    expect(row(false, noKey, { data: '{"n":1}' })).toBe('{"n":1}');
    expect(row(false, byCode, { subject: 'A', data: '{"n":1}' })).toBe('{"n":1}');
  });

  it('is left as it is where it is no object, for whoever reads rows to refuse', () => {
    expect(row(false, noKey, { subject: 'A', data: '[1]' })).toBe('[1]');
    expect(row(false, noKey, { subject: 'A', data: '{"n":}' })).toBe('{"n":}');
  });
});

describe('the row of an event that deletes', () => {
  it('is the subject as the key, of the type that the schema gives it', () => {
    const typed = (type: 'int' | 'long' | 'decimal' | 'boolean' | 'objectid'): RowDataset => ({
      key: ['code'],
      fieldTypes: { code: type },
    });

    expect(row(true, noKey, { subject: 'A' })).toBe('{"_id":"A"}');
    expect(row(true, byCode, { subject: '7' })).toBe('{"code":"7"}');
    expect(row(true, typed('int'), { subject: '7' })).toBe('{"code":7}');
    expect(row(true, typed('long'), { subject: '9007199254740993' })).toBe('{"code":9007199254740993}');
    expect(row(true, typed('decimal'), { subject: '1.10' })).toBe('{"code":1.10}');
    expect(row(true, typed('int'), { subject: '07' })).toBe('{"code":"07"}');
    expect(row(true, typed('boolean'), { subject: 'true' })).toBe('{"code":true}');
    expect(row(true, typed('objectid'), { subject: '65a000000000000000000001' })).toBe(
      '{"code":"65a000000000000000000001"}',
    );
    expect(row(true, { key: ['in.x'], fieldTypes: {} }, { subject: 'A' })).toBe('{"in":{"x":"A"}}');
  });

  it('is its data where that names the record', () => {
    expect(row(true, byCode, { subject: 'A', data: '{"code":7,"why":"sold"}' })).toBe('{"code":7,"why":"sold"}');
    expect(row(true, byCode, { subject: 'A', data: '{"why":"sold"}' })).toBe('{"code":"A"}');
    expect(row(true, { key: ['a', 'b'], fieldTypes: {} }, { data: '{"a":1,"b":2}' })).toBe('{"a":1,"b":2}');
  });

  it('is refused where nothing names the record', () => {
    expect(row(true, byCode, {})).toBe('MISSING_KEY');
    expect(row(true, { key: ['a', 'b'], fieldTypes: {} }, { subject: 'A' })).toBe('MISSING_KEY');
  });
});
