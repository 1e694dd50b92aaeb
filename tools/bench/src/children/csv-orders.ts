import type { Document } from 'mongodb';
import { inferSchema, initParser, type Parser } from 'udsv';

/** Where each column of the CSV files lies in the document, in their order. */
export const orderColumns = [
  ...['orderId', 'customer.id', 'customer.name', 'customer.city', 'sku', 'quantity'],
  ...['price', 'total', 'paid', 'note', 'placedAt'],
] as const;

/** Each column is converted by its place: uDSV's own typed objects would only guess the types. */
function documentOf([orderId, id, name, city, sku, quantity, price, total, paid, note, placedAt]: string[]): Document {
  return {
    orderId,
    customer: { id: Number(id), name, city },
    sku,
    quantity: Number(quantity),
    price: Number(price),
    total: Number(total),
    paid: paid === 'true',
    note,
    placedAt: new Date(placedAt ?? ''),
  };
}

/** Text of CSV with a header, in pieces, into documents. */
export class CsvOrders {
  private parser: Parser | undefined;

  take(text: string, add: (document: Document) => void): void {
    this.parser ??= initParser(inferSchema(text));
    this.parser.chunk<string[]>(text, this.parser.stringArrs, (row) => add(documentOf(row)));
  }

  /** What is left goes to the receiver of the first text. */
  end(): void {
    this.parser?.end();
  }
}
