import { KeyportError } from '@keyport/contracts';
import mongoose from 'mongoose';

const { MongoNetworkError, MongoServerError, MongoServerSelectionError, MongoNotConnectedError } = mongoose.mongo;
const { MongoTopologyClosedError } = mongoose.mongo;

/** MongoDB manual, "Error Codes": Unauthorized, AuthenticationFailed. */
const refusals: ReadonlySet<unknown> = new Set([13, 18]);

/** True where the source did not answer, or does not let its user in; also as the cause of a conflict that did not end. */
export function isSourceFailure(error: unknown): boolean {
  if (error instanceof KeyportError) return error.code === 'WRITE_CONFLICT' && isSourceFailure(error.cause);
  if (error instanceof MongoServerError && refusals.has(error.code)) return true;
  return [MongoNetworkError, MongoServerSelectionError, MongoNotConnectedError, MongoTopologyClosedError].some(
    (failure) => error instanceof failure,
  );
}

/** For the log: no message of the driver's, which may quote an address. */
export const describeSourceFailure = (error: unknown): string => {
  if (!(error instanceof Error)) return typeof error;
  const code = 'code' in error ? ` ${String(error.code)}` : '';
  return `${error.name}${code}`;
};
