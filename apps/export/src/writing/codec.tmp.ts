import { BSON } from 'bson';
const { EJSON } = BSON;
function docs(d: Uint8Array) { const out: BSON.Document[] = []; for (let i = 0; i < d.length;) { const n = Buffer.from(d.buffer, d.byteOffset + i).readInt32LE(); out.push(BSON.deserialize(d.subarray(i, i + n), { promoteValues: false })); i += n; } return out; }
const text = (v: unknown, e: string) => EJSON.stringify(v as never, undefined, 0, { relaxed: e === 'relaxed' });
export const bsonToNdjson = (d: Uint8Array, e: string) => Buffer.from(docs(d).map((x) => text(x, e) + '\n').join(''));
export const bsonToJsonElements = (d: Uint8Array, e: string) => Buffer.from(docs(d).map((x) => text(x, e)).join(',\n'));
const cell = (v: unknown) => { if (v === undefined || v === null) return ''; const s = typeof v === 'string' ? v : text(v, 'relaxed'); return /[",\n\r]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s; };
const at = (v: unknown, path: string) => path.split('.').reduce<unknown>((x, k) => (x as never)?.[k], v);
export const csvHeader = (c: readonly string[], o: { delimiter: string }) => Buffer.from(c.map(cell).join(o.delimiter) + '\r\n');
export const bsonToCsv = (d: Uint8Array, c: readonly string[], o: { delimiter: string }) => Buffer.from(docs(d).map((x) => c.map((k) => cell(at(x, k))).join(o.delimiter) + '\r\n').join(''));
export function collectColumns(d: Uint8Array, into: Set<string>) { const walk = (v: BSON.Document, p: string) => { for (const [k, x] of Object.entries(v)) { if (x && typeof x === 'object' && !Array.isArray(x) && !(x as never)['_bsontype']) walk(x as never, `${p}${k}.`); else into.add(p + k); } }; for (const x of docs(d)) walk(x, ''); }
