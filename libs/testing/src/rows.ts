/** Numbers from 0 up to 1 that a seed decides (mulberry32, public domain). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const cities = ['Berlin', 'São Paulo', 'Nairobi', 'Tōkyō', 'Lima', 'Oslo', 'Austin', 'Wien'];
const items = ['bolt', 'washer', 'gasket', 'bearing', 'spring', 'valve', 'seal', 'shaft'];

export interface OrderRow {
  readonly orderId: string;
  readonly customer: { readonly id: number; readonly name: string; readonly city: string };
  readonly lines: readonly { readonly sku: string; readonly quantity: number; readonly price: number }[];
  readonly total: number;
  readonly paid: boolean;
  readonly note: string | null;
  readonly placedAt: { readonly $date: string };
}

/** Order `index` of a series: about 350 bytes as NDJSON, 347 as BSON, with nesting, numbers of all kinds, a date and Unicode. */
export function orderRow(index: number, random: () => number): OrderRow {
  const pick = <Item>(list: readonly Item[]) => list[Math.floor(random() * list.length)] as Item;
  const lines = Array.from({ length: 2 }, () => ({
    sku: `${pick(items)}-${Math.floor(random() * 9000 + 1000)}`,
    quantity: Math.floor(random() * 20) + 1,
    price: Math.round(random() * 10_000) / 100 + 0.001,
  }));
  return {
    orderId: `order-${String(index).padStart(9, '0')}`,
    customer: { id: Math.floor(random() * 1e9), name: `Customer ${Math.floor(random() * 1e6)}`, city: pick(cities) },
    lines,
    total: lines.reduce((sum, { quantity, price }) => sum + quantity * price, 0) + 0.0001,
    paid: random() < 0.5,
    note: random() < 0.3 ? null : `Leave at the back door of building ${Math.floor(random() * 100)}, ring twice`,
    placedAt: { $date: relaxedDate(1_700_000_000_000 + Math.floor(random() * 1e10)) },
  };
}

/** As relaxed Extended JSON writes it: milliseconds only where there are any. */
const relaxedDate = (timeMs: number) => new Date(timeMs).toISOString().replace('.000Z', 'Z');

/** `count` orders as NDJSON, in buffers of a thousand rows. */
export function* orderNdjson(count: number, seed: number): Generator<Buffer> {
  const random = randomFrom(seed);
  for (let from = 0; from < count; from += 1000) {
    const rows = Array.from({ length: Math.min(1000, count - from) }, (_, offset) =>
      JSON.stringify(orderRow(from + offset, random)),
    );
    yield Buffer.from(`${rows.join('\n')}\n`);
  }
}
