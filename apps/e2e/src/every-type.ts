import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  DBRef,
  Decimal128,
  type Document,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  UUID,
} from 'mongodb';

const id = new ObjectId('0102030405060708090a0b0c');
const bytes = Uint8Array.from([0, 1, 254, 255]);

const doubles = [1, 0.1, NaN, Infinity, -Infinity, -0, 5e-324, Number.MAX_VALUE].map((value) => new Double(value));
const decimals = ['0', '-0', '1.10', '1E+6144', '-1E-6176', 'NaN', 'Infinity', '-Infinity', `0.${'9'.repeat(34)}`].map(
  (text) => Decimal128.fromString(text),
);
const longs = [Long.MIN_VALUE, Long.MAX_VALUE, Long.fromNumber(1), Long.fromString('9007199254740993')];
const dates = [0, -1, 253402300799999, 253402300800000, -62135596800001, 8.64e15, -8.64e15].map((ms) => new Date(ms));
const subtypes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 128, 255];

/** Values of every BSON type that the driver can write, nested as it comes. */
const values: Document = {
  doubles,
  decimals,
  longs,
  ints: [0, -2147483648, 2147483647].map((value) => new Int32(value)),
  dates,
  texts: ['', 'Zürich 😀', '"\\\n\u0000\u2028', '{"$oid":"x"}'],
  binaries: subtypes.map((subtype) => new Binary(subtype === 4 ? new UUID().buffer : bytes, subtype)),
  id,
  yes: true,
  no: false,
  nothing: null,
  never: undefined,
  regex: new BSONRegExp('^a.*"$', 'imsx'),
  stamp: new Timestamp({ t: 4294967295, i: 4294967295 }),
  noStamp: new Timestamp({ t: 0, i: 0 }),
  min: new MinKey(),
  max: new MaxKey(),
  code: new Code('return 1'),
  scoped: new Code('return x', { x: new Int32(1), $oid: 'x' }),
  symbol: new BSONSymbol('s'),
  ref: new DBRef('orders', id, 'shop', { more: new Int32(1) }),
  list: [[], [[new Int32(1)], {}], { a: [null] }],
};

/** Names that JSON, MongoDB's query language or JavaScript gives a meaning. */
const names: Document = {
  '': new Int32(1),
  'a.b': { 'c.d': { '': new Int32(2) } },
  $set: { $inc: { 'a.b': new Int32(1) } },
  wrappers: [
    { $oid: '0102030405060708090a0b0c' },
    { $numberLong: '1' },
    { $date: { $numberLong: '1' } },
    { $type: 'string' },
    { $ref: 'orders', $id: id },
    { $ref: new Int32(5) },
    { $document: { $oid: 'x' } },
    { $undefined: true },
  ],
  constructor: new Int32(1),
  ['__proto__']: { ['__proto__']: new Int32(1) },
  'ä "\\\n😀': new Int32(1),
};

/** `_id`s of every type that may be one, in the order in which MongoDB sorts them. */
const ids: unknown[] = [
  new MinKey(),
  null,
  new Double(NaN),
  new Double(-Infinity),
  new Int32(-1),
  Long.fromNumber(0),
  new Double(0.5),
  Decimal128.fromString('1.0'),
  '',
  'text',
  new BSONSymbol('xymbol'),
  {},
  { a: new Int32(1), b: [new Int32(1)] },
  new Binary(bytes, 0),
  new UUID('00112233-4455-6677-8899-aabbccddeeff'),
  id,
  false,
  true,
  new Date(-1),
  new Timestamp({ t: 1, i: 1 }),
  new Code('x'),
  new Code('x', { y: new Int32(1) }),
  new MaxKey(),
];

/** A collection as several programs over many years may have left it. */
export const everyType: readonly Document[] = [
  ...ids.map((_id, index) => ({ _id, index: new Int32(index) })),
  { _id: 'values', ...values },
  { _id: 'values nested', in: [{ in: values }] },
  { _id: 'names', ...names },
  { _id: 'names nested', in: [names] },
];
