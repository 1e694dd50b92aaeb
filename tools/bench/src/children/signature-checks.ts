import { compactVerify, importJWK, type CryptoKey, type JWK } from 'jose';
import { answer } from './answer.ts';

export interface SignatureChecks {
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly tokens: readonly string[];
  /** At the same time. */
  readonly atOnce: number;
}

export interface CheckCost {
  /** CPU time of one check, all threads. */
  readonly cpuMicros: number;
}

/** What nothing but the signature costs: the call to `jose` that Keyport makes, and nothing around it. */
answer<SignatureChecks, CheckCost>(async ({ jwk, tokens, atOnce }) => {
  const key = (await importJWK(jwk as JWK, 'ES256')) as CryptoKey;
  const checkAll = async () => {
    const left = tokens.values();
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (const token of left) await compactVerify(token, key, { algorithms: ['ES256'] });
      }),
    );
  };
  await checkAll();
  const before = process.cpuUsage();
  await checkAll();
  const { user, system } = process.cpuUsage(before);
  return { cpuMicros: (user + system) / tokens.length };
});
