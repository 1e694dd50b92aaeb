import { KeyportError } from '@keyport/contracts';
import type { Rate, TokenBucket } from './token-bucket.ts';

/** Of a bucket that is empty. */
export const refusalOfRate = (rate: Rate, bucket: TokenBucket): KeyportError =>
  new KeyportError('RATE_LIMITED', { limit: rate.perSecond, retryAfterSeconds: bucket.nextInSeconds });
