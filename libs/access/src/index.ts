export { accessKeyFinder, type AccessKeySources } from './access-keys.ts';
export { AccessModule, CONTEXT_KEYS } from './access.module.ts';
export { AccessViewsModule, SIGNING_KEYS } from './access-views.module.ts';
export { Caller } from './caller.ts';
export { CallerGuard, CallerOf } from './caller.guard.ts';
export { CallerVerifier } from './caller-verifier.ts';
export * from './claims.ts';
export {
  datasetPatterns,
  isGrantLost,
  isOwnJob,
  jobLimits,
  limitsText,
  requireJob,
  seesJob,
  type JobActions,
  type OwnedJob,
} from './job-rights.ts';
export { KeyView } from './key-view.ts';
export {
  effectiveRights,
  limitsOfRight,
  Refusal,
  requireRight,
  rightsAllow,
  type Rights,
  type RightsSources,
} from './effective-rights.ts';
export { Holder } from './holder.ts';
export {
  authorityClaims,
  identityOf,
  identityOfAuthority,
  identityOfLink,
  isUserId,
  principalKey,
  type CallerIdentity,
  type Identity,
} from './identity.ts';
export { arrivalMs, isYoung, Judge, type JudgeViews } from './judge.ts';
export { parseStrictJson } from './strict-json.ts';
export { RevocationView } from './revocation-view.ts';
export { RightsView, type RightsLookup } from './rights-view.ts';
export { SharedWork } from './shared-work.ts';
export {
  fieldCovers,
  limitsContain,
  limitsOn,
  narrowDetails,
  type Limited,
  type RowLimit,
  type RowLimits,
} from './limits.ts';
export { revocationKey, revocationKeysOf, type RevocationTarget } from './revocation-keys.ts';
export {
  commonPattern,
  intersectScopes,
  patternMatches,
  requireScope,
  scopeIsHeld,
  scopesAllow,
  scopesOf,
} from './rights.ts';
export {
  maxBusTokenBytes,
  maxTokenBytes,
  readStrictJws,
  signatureAlgorithms,
  type UnverifiedJws,
} from './strict-jws.ts';
export { tokenChecks, TokenFault, type TokenCheck } from './token-fault.ts';
export { VerifiedCache } from './verified-cache.ts';
export {
  clockSkewSeconds,
  nowSeconds,
  verifyToken,
  type Expectation,
  type VerifiedToken,
  type VerifyingKey,
} from './verify.ts';
