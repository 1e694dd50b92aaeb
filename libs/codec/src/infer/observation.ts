import * as bson from '../bson/bson-types.ts';
import { skipName, skipValue } from '../bson/bson-walk.ts';
import type { InferenceBudget } from './inference-budget.ts';
import { type TextKind, textKindOf } from './text-kind.ts';
import { NumberKinds } from './number-kinds.ts';

/** Deeper objects and arrays are not looked into: a schema may be 64 levels deep, and a level of a document takes up to four. */
const maxDepth = 12;

/** What was seen of one field, in all documents of a sample. */
export class Observation {
  /** Values, null included. */
  seen = 0;
  nulls = 0;
  /** BSON types that JSON Schema has no name for. */
  other = 0;
  /** Texts by what all of them could be, while that holds. */
  texts = 0;
  textKind: TextKind | undefined;
  dates = 0;
  objectIds = 0;
  binaries = 0;
  booleans = 0;
  readonly numbers = new NumberKinds();
  objects = 0;
  arrays = 0;
  readonly fields = new Map<string, Observation>();
  items: Observation | undefined;

  constructor(
    private readonly depth: number,
    private readonly budget: InferenceBudget,
  ) {}

  addDocument(document: Buffer, withId: boolean): void {
    this.seen++;
    this.objects++;
    this.addFields(document, 0, withId);
  }

  private addFields(bytes: Buffer, start: number, withId: boolean): void {
    for (const { name, type, valueAt } of elementsOf(bytes, start)) {
      if (name === '_id' && !withId) continue;
      let field = this.fields.get(name);
      if (!field && this.depth < maxDepth && this.budget.takes(name)) {
        this.fields.set(name, (field = new Observation(this.depth + 1, this.budget)));
      }
      field?.add(bytes, type, valueAt);
    }
  }

  private addItems(bytes: Buffer, start: number): void {
    if (this.depth >= maxDepth) return;
    this.items ??= new Observation(this.depth + 1, this.budget);
    for (const { type, valueAt } of elementsOf(bytes, start)) this.items.add(bytes, type, valueAt);
  }

  private add(bytes: Buffer, type: number, at: number): void {
    this.seen++;
    switch (type) {
      case bson.NULL:
        this.nulls++;
        break;
      case bson.STRING:
        this.addText(bytes.toString('utf8', at + 4, skipValue(bytes, type, at) - 1));
        break;
      case bson.DATE:
        if (isRfc3339(bytes.readBigInt64LE(at))) this.dates++;
        else this.other++;
        break;
      case bson.OBJECT_ID:
        this.objectIds++;
        break;
      case bson.BINARY:
        this.binaries++;
        break;
      case bson.BOOLEAN:
        this.booleans++;
        break;
      case bson.DOCUMENT:
        this.objects++;
        this.addFields(bytes, at, true);
        break;
      case bson.ARRAY:
        this.arrays++;
        this.addItems(bytes, at);
        break;
      default:
        if (!this.numbers.add(bytes, type, at)) this.other++;
    }
  }

  private addText(text: string): void {
    const kind = this.texts === 0 || this.textKind !== 'any' ? textKindOf(text) : 'any';
    this.textKind = this.texts === 0 || this.textKind === kind ? kind : 'any';
    this.texts++;
  }
}

/** 0000-01-01 up to the end of 9999: RFC 3339 has years of four digits. */
const isRfc3339 = (ms: bigint): boolean => ms >= -62_167_219_200_000n && ms <= 253_402_300_799_999n;

function* elementsOf(bytes: Buffer, start: number) {
  let at = start + 4;
  for (let type = bytes[at]!; type !== 0; type = bytes[at]!) {
    const valueAt = skipName(bytes, at + 1);
    yield { name: bytes.toString('utf8', at + 1, valueAt - 1), type, valueAt };
    at = skipValue(bytes, type, valueAt);
  }
}
