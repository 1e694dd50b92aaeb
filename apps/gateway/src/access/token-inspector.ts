import {
  intersectScopes,
  Judge,
  maxTokenBytes,
  parseStrictJson,
  Refusal,
  tokenChecks,
  TokenFault,
  type Holder,
  type Rights,
  type TokenCheck,
} from '@keyport/access';
import type { tokenInspectionSchema } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { TokenVerifier } from './token-verifier.ts';

type Inspection = z.output<typeof tokenInspectionSchema>;
type Check = Inspection['checks'][number];

/** What each check says of a token that passes it. */
const passed: Record<TokenCheck, string> = {
  size: `at most ${maxTokenBytes} bytes`,
  form: 'three parts of canonical base64url, JSON that can be read in one way only',
  header: 'kid names a key; nothing in the header chooses another',
  type: 'typ is at+jwt, or what its issuer is registered with',
  algorithm: 'alg is an accepted one',
  key: 'kid names a key that is known',
  claims: 'all claims are there and have their types',
  issuer: 'iss, and sub where the key speaks for one, are those of the key',
  audience: 'aud is this deployment, or what its issuer is registered for',
  time: 'iat and exp are in order, and the token lives',
  signature: 'the signature verifies',
};

/** Says of any token what it holds and which check it fails, from the verifier and the views that judge every request. */
@Injectable()
export class TokenInspector {
  constructor(
    private readonly verifier: TokenVerifier,
    private readonly judge: Judge,
  ) {}

  /** Throws SERVICE_UNAVAILABLE while it cannot be known what is revoked and allowed. */
  async inspect(token: string): Promise<Inspection> {
    this.judge.requireFresh();
    const checks = await this.checksOf(token);
    return { ...shown(token), checks, active: checks.every(({ ok }) => ok === true) };
  }

  private async checksOf(token: string): Promise<Check[]> {
    try {
      const holder = await this.verifier.read(token);
      const basic = tokenChecks.map((name) => ({ name, ok: true, detail: passed[name] }));
      // Only to who holds a token that was truly issued: what is behind it is nobody else's business.
      return [...basic, ...this.standingOf(holder)];
    } catch (error) {
      if (!(error instanceof TokenFault)) throw error;
      return failedAt(error);
    }
  }

  private standingOf(holder: Holder): Check[] {
    const revocation = this.judge.revocationOf(holder);
    const rights = revocation ?? this.judge.rightsNow(holder);
    if (rights instanceof Refusal) return refusedAt(rights);
    const good = { name: 'revocation', ok: true, detail: standing.revocation };
    return [good, ceilingOf(rights), clientOf(rights), ownerOf(rights)];
  }
}

/** Checks behind the signature, in the order of a {@link Refusal}, and what each says where a later one fails. */
const standing = {
  revocation: 'neither it nor what it depends on is revoked',
  ceiling: 'is there',
  client: 'is there',
  owner: '',
};
type Standing = keyof typeof standing;
const standingNames = Object.keys(standing) as Standing[];

/** A public key, or an issuer, that is registered no more has no ceiling. */
function refusedAt({ check, reason }: Refusal): Check[] {
  const failing: Standing = check === 'key' || check === 'issuer' ? 'ceiling' : check;
  const at = standingNames.indexOf(failing);
  return standingNames.map((name, index) => {
    if (index === at) return { name, ok: false, detail: reason };
    return index < at ? { name, ok: true, detail: standing[name] } : notMade(name);
  });
}

const notMade = (name: string): Check => ({ name, ok: null, detail: 'not made' });

function failedAt({ check, reason }: TokenFault): Check[] {
  const at = tokenChecks.indexOf(check);
  return tokenChecks.map((name, index) => {
    if (index === at) return { name, ok: false, detail: reason };
    return index < at ? { name, ok: true, detail: passed[name] } : notMade(name);
  });
}

function ceilingOf({ sources: { token, key } }: Rights): Check {
  const detail = key === null ? 'none below what the token says' : `leaves ${listed(intersectScopes(token, key))}`;
  return { name: 'ceiling', ok: true, detail };
}

function clientOf({ sources: { token, client } }: Rights): Check {
  const detail = client === null ? 'given to no client' : `leaves ${listed(intersectScopes(token, client))}`;
  return { name: 'client', ok: true, detail };
}

function ownerOf({ scopes, sources: { owner } }: Rights): Check {
  const detail = owner === null ? 'belongs to no user' : `may act; leaves ${listed(scopes)}`;
  return { name: 'owner', ok: true, detail };
}

const listed = (scopes: readonly string[]) => (scopes.length === 0 ? 'nothing' : scopes.join(' '));

/** Header and claims as they stand in the token, believed or not. */
function shown(token: string): Pick<Inspection, 'header' | 'claims'> {
  const parts = token.length > maxTokenBytes ? [] : token.split('.');
  return { header: readable(parts[0]), claims: readable(parts[1]) };
}

function readable(part: string | undefined): Record<string, unknown> | null {
  if (part === undefined) return null;
  try {
    return parseStrictJson(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}
