import { orderRow, randomFrom } from '@keyport/testing';
import { RowDigest } from './children/row-digest.ts';

/** Each names its type, for `types=header`; dotted ones become an embedded document. */
const header = [
  ...['orderId.string()', 'customer.id.int32()', 'customer.name.string()', 'customer.city.string()', 'sku.string()'],
  ...['quantity.int32()', 'price.double()', 'total.double()', 'paid.boolean()', 'note.string()', 'placedAt.date()'],
].join(',');

/** An order with the first of its lines: the document that its CSV row stands for, and the row. */
export function flatOrder(index: number, random: () => number) {
  const { orderId, customer, lines, total, paid, note: anyNote, placedAt } = orderRow(index, random);
  const { sku, quantity, price } = lines[0] ?? { sku: '', quantity: 0, price: 0 };
  const note = anyNote ?? '';
  const document = { orderId, customer, sku, quantity, price, total, paid, note, placedAt };
  const cells = [orderId, customer.id, customer.name, customer.city, sku, quantity, price, total, paid];
  // Notes hold a comma.
  return { document, line: `${cells.join(',')},${note === '' ? '' : `"${note}"`},${placedAt.$date}` };
}

/** `count` orders as CSV, in buffers of a thousand rows; the digest is that of the rows taken so far. */
export function orderCsv(
  count: number,
  seed: number,
): { readonly parts: Generator<Buffer>; readonly digest: RowDigest } {
  const digest = new RowDigest();
  return { parts: csvParts(count, seed, digest), digest };
}

function* csvParts(count: number, seed: number, digest: RowDigest): Generator<Buffer> {
  const random = randomFrom(seed);
  for (let from = 0; from < count; from += 1000) {
    const lines = from === 0 ? [header] : [];
    for (let index = from; index < Math.min(count, from + 1000); index += 1) {
      const { document, line } = flatOrder(index, random);
      digest.add(JSON.stringify(document));
      lines.push(line);
    }
    yield Buffer.from(`${lines.join('\n')}\n`);
  }
}
