export { AccessModule, CONTEXT_KEYS } from './access.module.ts';
export { AccessViewsModule, SIGNING_KEYS } from './access-views.module.ts';
export { Caller, type CallerIdentity } from './caller.ts';
export { CallerGuard, CallerOf } from './caller.guard.ts';
export { CallerVerifier } from './caller-verifier.ts';
export * from './claims.ts';
export { KeyView } from './key-view.ts';
export { RevocationView, type Revocable } from './revocation-view.ts';
export { patternMatches, requireScope, scopeIsHeld, scopesAllow, scopesOf } from './rights.ts';
export {
  maxBusTokenBytes,
  maxTokenBytes,
  readStrictJws,
  signatureAlgorithms,
  type UnverifiedJws,
} from './strict-jws.ts';
export { TokenFault, type TokenCheck } from './token-fault.ts';
export { VerifiedCache } from './verified-cache.ts';
export { clockSkewSeconds, nowSeconds, verifyToken, type Expectation } from './verify.ts';
