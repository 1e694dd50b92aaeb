import { KeyportError } from '@keyport/contracts';
import mongoose from 'mongoose';

/** MongoDB manual, "Error Codes": OutOfDiskSpace. */
const outOfDiskSpace = 14031;

/** Runs what stores a file; EXPORTS_FULL where MongoDB says that its disk is full. */
export async function orFull<Result>(storing: Promise<Result>): Promise<Result> {
  try {
    return await storing;
  } catch (error) {
    const isFull = error instanceof mongoose.mongo.MongoServerError && error.code === outOfDiskSpace;
    throw isFull ? new KeyportError('EXPORTS_FULL', {}, { cause: error }) : error;
  }
}
