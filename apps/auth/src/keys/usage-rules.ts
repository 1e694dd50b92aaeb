import { KeyportError, type UsageLimits } from '@keyport/contracts';
import type { AuthConfig } from '../config.ts';
import type { CallerBounds } from './key-makers.service.ts';

type LimitName = keyof UsageLimits;

/** What holders may use that have no limits of their own. */
export const defaultLimits = (config: AuthConfig): UsageLimits => ({
  requestsPerSecond: config.KEYPORT_REQUESTS_PER_SECOND,
  burst: config.KEYPORT_REQUESTS_BURST,
  importsPerDay: config.KEYPORT_IMPORTS_PER_DAY,
  importBytesPerDay: config.KEYPORT_IMPORT_BYTES_PER_DAY,
  concurrentImports: config.KEYPORT_CONCURRENT_IMPORTS,
});

/**
 * Limits that a key is given. Throws VALIDATION_FAILED for more than the maker may give; a raised limit of the maker is
 * passed on to that extent only.
 */
export function grantedLimits(
  { limits, grantable }: Pick<CallerBounds, 'limits' | 'grantable'>,
  asked: UsageLimits,
): UsageLimits {
  const errors = namesOf(withBurst(asked)).flatMap((name) => faultOf(name, withBurst(asked), grantable) ?? []);
  if (errors.length > 0) throw new KeyportError('VALIDATION_FAILED', {}, { errors });
  const most = namesOf(limits).map((name) => [name, tighter(limits[name], grantable[name])] as const);
  return limitsThrough(Object.fromEntries(most), asked);
}

/** Limits of what is made or changed through something that has limits itself: of each the tighter one. */
export function limitsThrough(maker: UsageLimits, asked: UsageLimits): UsageLimits {
  const most = asked.burst === undefined ? maker : withBurst(maker);
  const names = new Set([...namesOf(most), ...namesOf(asked)]);
  return Object.fromEntries([...names].map((name) => [name, tighter(most[name], asked[name])] as const));
}

/** A holder with a rate and no burst may spend a second's worth at once (the gateway's request-rates.ts). */
const withBurst = (limits: UsageLimits): UsageLimits => ({
  ...limits,
  burst: limits.burst ?? limits.requestsPerSecond,
});

const namesOf = (limits: UsageLimits) =>
  (Object.keys(limits) as LimitName[]).filter((name) => limits[name] !== undefined);

const tighter = (one: number | undefined, other: number | undefined) => Math.min(one ?? Infinity, other ?? Infinity);

function faultOf(name: LimitName, asked: UsageLimits, { [name]: most }: UsageLimits) {
  if (most === undefined || (asked[name] ?? 0) <= most) return undefined;
  const message = `must be at most ${most}, the default of this deployment; more takes the right users:update`;
  return { path: `limits.${name}`, code: 'too_big', message };
}
