import {
  bsonToNdjson,
  createRowReader,
  fieldTypesOf,
  namesId,
  schemaCheck,
  textFieldsOf,
  type RejectedRow,
} from '@keyport/codec';
import type { SchemaCheck } from '@keyport/contracts';
import { firstElement, joinDocument, type RawBatch } from '@keyport/mongo';
import { orSchemaInvalid } from '../datasets/json-schema.ts';
import { withoutId } from '../scanning/page.ts';

/** Of one fault or another so many are told apart; all count. */
const maxProblems = 50;
/** A record of 16 MB is several times as long as Extended JSON. */
const maxRowBytes = 256 * 1024 * 1024;

type Problem = { -readonly [name in keyof SchemaCheck['problems'][number]]: SchemaCheck['problems'][number][name] };

/**
 * Checks records as rows of an import into a dataset with this schema: what an export of them would hold. `_id` is a part
 * of such a row where the schema names it. Throws SCHEMA_INVALID, at once or at a batch.
 */
export class RecordRows {
  checked = 0;
  failing = 0;
  private readonly problems = new Map<string, Problem>();
  private readonly withId: boolean;
  private readonly typing;

  constructor(schema: Record<string, unknown>) {
    this.withId = namesId(schema);
    this.typing = orSchemaInvalid(() => ({
      fieldTypes: fieldTypesOf(schema),
      textFields: textFieldsOf(schema),
      validate: schemaCheck(schema),
    }));
  }

  add({ bytes, starts }: RawBatch): void {
    if (starts.length === 0) return;
    const documents = starts.map((start) => bytes.subarray(start, start + bytes.readInt32LE(start)));
    const shown = this.withId ? documents : documents.map(withoutId);
    for (const problem of this.rejectedOf(Buffer.concat(shown))) this.note(problem, documents[problem.row - 1]);
    this.checked += documents.length;
  }

  result(complete: boolean): SchemaCheck {
    const { checked, failing } = this;
    return { checked, failing, complete, problems: [...this.problems.values()] };
  }

  private rejectedOf(documents: Buffer): RejectedRow[] {
    const format = { format: 'ndjson', idPrefix: Buffer.alloc(8), maxRowBytes, maxDocumentBytes: maxRowBytes } as const;
    return orSchemaInvalid(() => {
      const reader = createRowReader({ ...format, ...this.typing });
      reader.push(bsonToNdjson(documents, { ejson: 'canonical' }));
      reader.end();
      const rejected: RejectedRow[] = [];
      for (let chunk = reader.read(); chunk; chunk = reader.read()) rejected.push(...chunk.rejected);
      return rejected;
    });
  }

  private note({ code, path, message }: RejectedRow, document: Buffer | undefined): void {
    this.failing += 1;
    const name = `${code} ${path ?? ''}`;
    const known = this.problems.get(name);
    if (known) known.records += 1;
    else if (document && this.problems.size < maxProblems) {
      const first = { code, message, records: 1, id: idText(document) };
      this.problems.set(name, { ...first, ...(path !== undefined && { path }) });
    }
  }
}

function idText(document: Buffer): string {
  const id = firstElement(document);
  const text = bsonToNdjson(joinDocument(id ? [document.subarray(id.start, id.end)] : []), { ejson: 'canonical' });
  const { _id } = JSON.parse(Buffer.from(text).toString()) as { readonly _id?: unknown };
  return JSON.stringify(_id) ?? '';
}
