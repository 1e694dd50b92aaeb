import { BSON, ObjectId } from 'bson';

export const documentsOf = (values: readonly BSON.Document[]): Uint8Array[] => values.map((value) => BSON.serialize(value));

/** Orders of about 350 bytes each, always the same ones. */
export function orders(count: number, from = 0): Uint8Array[] {
  return documentsOf(Array.from({ length: count }, (_, index) => order(from + index)));
}

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
