import { BSON, ObjectId } from 'bson';

/** Orders of about 350 bytes each, always the same ones. */
export const orders = (count: number, from = 0): BSON.Document[] =>
  Array.from({ length: count }, (_, index) => order(from + index));

function order(index: number): BSON.Document {
  return {
    _id: ObjectId.createFromHexString(index.toString(16).padStart(24, '0')),
    number: index,
    customer: { name: `Customer ${index % 1000}`, city: 'Zürich', tags: ['a', 'b "quoted"'] },
    total: index / 8,
    paid: index % 2 === 0,
    note: `line one\nline two, ${'x'.repeat(150)}`,
  };
}
