export { comparable, comparableAll } from './comparable.ts';
export { isDuplicateKey } from './duplicate-key.ts';
export { filledPage, type Filling } from './filled-page.ts';
export { newJobId } from './job-id.ts';
export { listPage, readCursor, type ListPage } from './list-page.ts';
export { connectMongo, MONGO_CONNECTION, MongoModule, syncIndexes } from './mongo.module.ts';
export {
  asBuffer,
  bsonType,
  documentEnd,
  documentStarts,
  elementAtPath,
  elementsOf,
  firstElement,
  MalformedBson,
  nameOf,
  rawPath,
  splitDocuments,
  type RawElement,
  type RawPath,
} from './raw-bson.ts';
export { deleteRaw, insertRaw, RefusedWrite, updateRaw, type WriteFault } from './raw-command.ts';
export { documentOf, embedded, joinDocument, readExactly, renamed, valuesOf } from './raw-document.ts';
export { findBatches, findFirstBatch, type FindCommand, type RawBatch } from './raw-find.ts';
export { retriedTransaction, type RetryLimits } from './retried-transaction.ts';
export { inTransaction } from './transaction.ts';
