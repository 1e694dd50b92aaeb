import { hash } from 'node:crypto';
import { compactVerify } from 'jose';
import { z } from 'zod';
import { proofHeader, readStrictParts, signatureAlgorithms } from '../strict-jws.ts';
import { TokenFault } from '../token-fault.ts';
import { clockSkewSeconds, nowSeconds } from '../verify.ts';
import { ProofFault } from './proof-fault.ts';
import { readProofKey } from './proof-key.ts';
import { comparableUrl } from './proof-url.ts';

/** Seconds for which a proof is good: a phone makes it as it sends the request, over whatever network it has. */
export const proofLifetimeSeconds = 60;

/** Those of tokens; `Ed25519` is the newer name of EdDSA with such a key (RFC 9864), and clients use either. */
export const proofAlgorithms = [...signatureAlgorithms, 'Ed25519'] as const;

/** Characters; one with an RSA key of 4096 bits has 1,900. */
const maxProofCharacters = 4096;
const proofType = 'dpop+jwt';

/** RFC 9449 §4.2. */
const claimsSchema = z.looseObject({
  jti: z.string().min(1).max(256),
  htm: z.string().min(1).max(32),
  htu: z.string().min(1).max(4096),
  iat: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  ath: z.string().optional(),
});
type ProofClaims = z.output<typeof claimsSchema>;

/** What a proof must have been made for. */
export interface ProofExpectation {
  readonly method: string;
  /** The request's URL under each public address of the deployment. */
  readonly urls: readonly string[];
  /** The access token that it comes with; none at the token endpoint. */
  readonly accessToken?: string;
  /** Seconds since the epoch. */
  readonly now?: () => number;
}

export interface VerifiedProof {
  /** RFC 7638 thumbprint of the key that its sender holds. */
  readonly thumbprint: string;
  /** `jti`; good once for each key. */
  readonly proofId: string;
}

/**
 * Verifies a DPoP proof by itself (RFC 9449 §4.3). That it is shown for the first time is for the caller to ask. Throws
 * {@link ProofFault}.
 */
export async function verifyProof(proof: string, expected: ProofExpectation): Promise<VerifiedProof> {
  const { header, payload } = partsOf(proof);
  if (header.typ !== proofType) throw new ProofFault('type', `typ is not ${proofType}`);
  const alg = proofAlgorithms.find((known) => known === header.alg);
  if (!alg) throw new ProofFault('algorithm', `alg is not one of ${proofAlgorithms.join(', ')}`);
  const claims = readClaims(payload, expected);
  const { key, thumbprint } = await readProofKey(header.jwk, alg);
  try {
    await compactVerify(proof, key, { algorithms: [alg] });
  } catch {
    throw new ProofFault('signature', 'the signature does not verify');
  }
  return { thumbprint, proofId: claims.jti };
}

function partsOf(proof: string): ReturnType<typeof readStrictParts> {
  try {
    return readStrictParts(proof, maxProofCharacters, proofHeader);
  } catch (error) {
    if (!(error instanceof TokenFault)) throw error;
    throw new ProofFault(error.check === 'header' ? 'header' : 'form', error.reason);
  }
}

function readClaims(payload: Record<string, unknown>, expected: ProofExpectation): ProofClaims {
  const parsed = claimsSchema.safeParse(payload);
  // The names are those of the schema: nothing of the proof stands in the reason.
  if (!parsed.success)
    throw new ProofFault('claims', `${String(parsed.error.issues[0]?.path[0])} is not as it must be`);
  const claims = parsed.data;
  if (claims.htm !== expected.method) throw new ProofFault('method', 'htm is not the method of this request');
  requireUrl(claims.htu, expected.urls);
  requireTime(claims.iat, expected.now?.() ?? nowSeconds());
  const { accessToken } = expected;
  if (accessToken !== undefined && claims.ath !== hash('sha256', accessToken, 'base64url'))
    throw new ProofFault('token', 'ath is not the hash of the access token');
  return claims;
}

function requireUrl(htu: string, urls: readonly string[]): void {
  const claimed = comparableUrl(htu);
  if (claimed !== undefined && urls.some((url) => comparableUrl(url) === claimed)) return;
  throw new ProofFault('url', 'htu is not the URL of this request under the public address of the deployment');
}

function requireTime(iat: number, now: number): void {
  if (iat > now + clockSkewSeconds) throw new ProofFault('time', 'iat lies in the future');
  if (iat < now - proofLifetimeSeconds)
    throw new ProofFault('time', `iat lies more than ${proofLifetimeSeconds} s back`);
}
