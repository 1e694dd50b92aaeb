export { accessKeyFinder, type AccessKeySources } from './access-keys.ts';
export { AccessTokenReader, type AccessTokenSources, type ReadAccessToken } from './access-token-reader.ts';
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
export {
  proofAlgorithms,
  proofLifetimeSeconds,
  verifyProof,
  type ProofExpectation,
  type VerifiedProof,
} from './dpop/proof.ts';
export { ProofFault, type ProofCheck } from './dpop/proof-fault.ts';
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
export {
  DirectTokens,
  identityOfExternal,
  namedIssuer,
  verifyExternal,
  type DirectIssuer,
  type ExternalClaims,
  type ExternalExpectation,
  type ExternalKind,
} from './external-tokens.ts';
export { Holder } from './holder.ts';
export {
  authorityClaims,
  identityOf,
  identityOfAuthority,
  identityOfLink,
  isClientId,
  isExternal,
  isUserId,
  principalKey,
  publicKeyBehind,
  registeredClientOf,
  type CallerIdentity,
  type Identity,
} from './identity.ts';
export { arrivalMs, isYoung, Judge, type JudgeViews } from './judge.ts';
export { parseStrictJson } from './strict-json.ts';
export { RevocationView } from './revocation-view.ts';
export { RightsView, type RightsLookup } from './rights-view.ts';
export { mappedScopes } from './scope-mapping.ts';
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
  readStrictAssertion,
  readStrictJws,
  signatureAlgorithms,
  type UnverifiedAssertion,
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
