import { KeyportError } from '@keyport/contracts';
import { RefusedWrite } from '@keyport/mongo';
import mongoose from 'mongoose';

/** MongoDB manual, "Error Codes": OutOfDiskSpace. */
const outOfDiskSpace = 14031;

/** Runs what stores a file; EXPORTS_FULL where MongoDB says that its disk is full. */
export async function orFull<Result>(storing: Promise<Result>): Promise<Result> {
  try {
    return await storing;
  } catch (error) {
    throw codeOf(error) === outOfDiskSpace ? new KeyportError('EXPORTS_FULL', {}, { cause: error }) : error;
  }
}

function codeOf(error: unknown): unknown {
  if (error instanceof RefusedWrite) return error.fault.code;
  return error instanceof mongoose.mongo.MongoServerError ? error.code : undefined;
}
