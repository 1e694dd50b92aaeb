import { describe, expect, it } from '@jest/globals';
import { KeyportError } from '@keyport/contracts';
import { Binary, Decimal128, EJSON, Long, ObjectId } from 'bson';
import { knownFieldsOf, openFields } from './field-types.ts';
import { typedFilter } from './typed-filter.ts';

const known = knownFieldsOf({
  type: 'object',
  properties: {
    placedAt: { type: 'string', format: 'date-time' },
    count: { type: 'string', format: 'int64' },
    price: { type: 'number', format: 'decimal' },
    owner: { type: 'string', format: 'objectid' },
    hash: { type: 'string', contentEncoding: 'base64' },
    n: { type: 'integer' },
    rate: { type: 'number' },
    paid: { type: 'boolean' },
    name: { type: ['string', 'null'] },
    any: { type: ['string', 'number'] },
    dates: { type: 'array', items: { type: 'string', format: 'date-time' } },
    customer: { type: 'object', properties: { since: { type: 'string', format: 'date-time' } } },
    lines: { type: 'array', items: { type: 'object', properties: { due: { type: 'string', format: 'date-time' } } } },
  },
});
const day = new Date('2024-01-01T00:00:00Z');
const noon = new Date('2024-02-29T12:00:00Z');
const id = '65f000000000000000000001';

const typed = (filter: Record<string, unknown>) => typedFilter(filter, known).query;

function refusalOf(work: () => unknown): KeyportError {
  try {
    work();
  } catch (error) {
    if (error instanceof KeyportError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('values of a filter', () => {
  it('become what the schema stores the field as, in every place', () => {
    const cases: [Record<string, unknown>, unknown][] = [
      [{ placedAt: '2024-01-01' }, { placedAt: day }],
      [{ placedAt: { $gte: '2024-01-01' } }, { placedAt: { $gte: day } }],
      [{ placedAt: { $in: ['2024-01-01', null] } }, { placedAt: { $in: [day, null] } }],
      [{ placedAt: { $not: { $lt: '2024-02-29T13:00:00+01:00' } } }, { placedAt: { $not: { $lt: noon } } }],
      [{ $or: [{ $and: [{ placedAt: '2024-01-01' }] }] }, { $or: [{ $and: [{ placedAt: day }] }] }],
      [{ 'customer.since': '2024-01-01' }, { 'customer.since': day }],
      [{ customer: { since: '2024-01-01' } }, { customer: { since: day } }],
      [{ dates: '2024-01-01' }, { dates: day }],
      [{ 'dates.0': '2024-01-01' }, { 'dates.0': day }],
      [{ dates: ['2024-01-01'] }, { dates: [day] }],
      [{ dates: { $elemMatch: { $gte: '2024-01-01' } } }, { dates: { $elemMatch: { $gte: day } } }],
      [{ 'lines.due': '2024-01-01' }, { 'lines.due': day }],
      [{ 'lines.1.due': '2024-01-01' }, { 'lines.1.due': day }],
      [{ lines: { $elemMatch: { due: '2024-01-01' } } }, { lines: { $elemMatch: { due: day } } }],
      [{ lines: { $elemMatch: { $or: [{ due: null }] } } }, { lines: { $elemMatch: { $or: [{ due: null }] } } }],
      [{ count: '9007199254740993' }, { count: Long.fromString('9007199254740993') }],
      [{ count: { $gt: 1.5 } }, { count: { $gt: 1.5 } }],
      [{ price: 0.1 }, { price: Decimal128.fromString('0.1') }],
      [{ price: '1.10' }, { price: Decimal128.fromString('1.10') }],
      [{ owner: id }, { owner: new ObjectId(id) }],
      [{ hash: 'eA==' }, { hash: new Binary(Buffer.from('x')) }],
      [
        { n: 5, rate: 1.5, paid: true, name: null },
        { n: 5, rate: 1.5, paid: true, name: null },
      ],
      [{ name: { $regex: '^a', $options: 'i' } }, { name: { $regex: '^a', $options: 'i' } }],
      [
        { any: 5, unknown: '2024-01-01' },
        { any: 5, unknown: '2024-01-01' },
      ],
      [{ placedAt: { $exists: true, $size: 2 } }, { placedAt: { $exists: true, $size: 2 } }],
    ];

    for (const [filter, expected] of cases) expect([filter, typed(filter)]).toEqual([filter, expected]);
  });

  it('that name their type themselves are taken as they are', () => {
    expect(typed({ placedAt: { $gte: { $numberInt: '5' } } })).toEqual({ placedAt: { $gte: expect.anything() } });
    expect(typed({ n: { $numberLong: '9007199254740993' } })).toEqual({ n: Long.fromString('9007199254740993') });
  });

  it.each([
    [{ placedAt: 'yesterday' }, 'filter.placedAt', /must be a date/],
    [{ placedAt: { $gte: '2024-02-30' } }, 'filter.placedAt.$gte', /must be a date/],
    [{ placedAt: { $gte: '2024-01-01T10:00:00' } }, 'filter.placedAt.$gte', /must be a date/],
    [{ placedAt: { $in: ['2024-01-01', 5] } }, 'filter.placedAt.$in', /must be a date/],
    [{ placedAt: { year: 2024 } }, 'filter.placedAt', /must be a date/],
    [{ $or: [{ n: 1 }, { n: { $not: { $gt: 'x' } } }] }, 'filter.$or.1.n.$not.$gt', /must be a number/],
    [{ count: '9223372036854775808' }, 'filter.count', /whole number/],
    [{ count: 2 ** 53 }, 'filter.count', /53 bits/],
    [{ unknown: 2 ** 53 }, 'filter.unknown', /53 bits/],
    [{ price: 'x' }, 'filter.price', /must be a number/],
    [{ owner: 'x' }, 'filter.owner', /24 hexadecimal/],
    [{ hash: '*' }, 'filter.hash', /base64/],
    [{ paid: 'true' }, 'filter.paid', /true or false/],
    [{ name: 5 }, 'filter.name', /must be text/],
    [{ 'lines.due': 'x' }, 'filter.lines.due', /must be a date/],
    [{ lines: { $elemMatch: { due: { $gt: 'x' } } } }, 'filter.lines.$elemMatch.due.$gt', /must be a date/],
    [{ placedAt: { $regex: '^2024' } }, 'filter.placedAt.$regex', /matches text alone/],
  ])('that cannot be of the type are refused: %j', (filter, path, message) => {
    const { code, errors } = refusalOf(() => typed(filter));

    expect([code, errors]).toMatchObject(['VALIDATION_FAILED', [{ path }]]);
    expect(errors?.[0]?.message).toMatch(message);
  });

  it('stay as they are where they come back with their types written out', () => {
    const filter = { placedAt: { $gte: '2024-01-01' }, name: { $regex: 'a', $ne: 'b' }, price: 0.5, any: -0 };

    const text = EJSON.stringify(typed(filter), { relaxed: false });
    const again = typedFilter(JSON.parse(text) as Record<string, unknown>, openFields).query;

    expect(EJSON.stringify(again, { relaxed: false })).toBe(text);
  });
});

describe('the fields of a filter', () => {
  it('are all that it names, those of items with the path to them', () => {
    const filter = { a: 1, $or: [{ 'b.c': 2 }, { $nor: [{ d: { $elemMatch: { e: 1, $and: [{ f: 2 }] } } }] }] };

    expect(typedFilter(filter, openFields).fields).toEqual(['a', 'b.c', 'd', 'd.e', 'd.f']);
  });

  it('may be called whatever objects inherit', () => {
    const filter = JSON.parse('{"__proto__":{"$gt":1},"constructor":2}') as Record<string, unknown>;

    const { query, fields } = typedFilter(filter, known);

    expect(fields).toEqual(['__proto__', 'constructor']);
    expect(JSON.stringify(query)).toBe('{"__proto__":{"$gt":1},"constructor":2}');
  });
});

describe('a closed schema', () => {
  const closed = knownFieldsOf({
    additionalProperties: false,
    properties: {
      a: { type: 'string' },
      open: { type: 'object', properties: { x: {} } },
      shut: { type: 'object', properties: { x: {} }, additionalProperties: false },
      lines: { type: 'array', items: { properties: { sku: {} }, additionalProperties: false } },
    },
  });

  it('knows which fields it does not allow', () => {
    const paths = ['a', '_id', 'b', 'open.y', 'shut.x', 'shut.y', 'lines.sku', 'lines.0.sku', 'lines.cost', 'toString'];

    expect(paths.filter((path) => closed.isUnknown(path))).toEqual(['b', 'shut.y', 'lines.cost', 'toString']);
  });

  it('is open where something beside properties may allow a field', () => {
    const perhaps = { additionalProperties: false, properties: {}, patternProperties: { '^x': {} } };

    expect(knownFieldsOf(perhaps).isUnknown('b')).toBe(false);
    expect(knownFieldsOf({ properties: {} }).isUnknown('b')).toBe(false);
  });
});
