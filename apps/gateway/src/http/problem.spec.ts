import { describe, expect, it } from '@jest/globals';
import { KeyportError } from '@keyport/contracts';
import { challengeOf, problemOf, toKeyportError } from './problem.ts';
import { requestIdOf } from './request-id.ts';

describe('problemOf', () => {
  it('fills the table text and names the request', () => {
    expect(problemOf(new KeyportError('DATASET_NOT_FOUND', { dataset: 'orders' }), 'r1')).toEqual({
      type: 'urn:keyport:error:DATASET_NOT_FOUND',
      title: 'No such dataset',
      status: 404,
      code: 'DATASET_NOT_FOUND',
      detail: 'There is no dataset orders. Create it with PUT /v1/datasets/orders.',
      requestId: 'r1',
    });
  });
});

describe('toKeyportError', () => {
  it('hides what nobody foresaw behind INTERNAL', () => {
    const error = toKeyportError(new Error('password=hunter2'));

    expect(error.code).toBe('INTERNAL');
    expect(JSON.stringify(problemOf(error, 'r1'))).not.toContain('hunter2');
  });

  it('knows the framework errors that clients cause', () => {
    expect(toKeyportError({ code: 'FST_ERR_CTP_INVALID_JSON_BODY', statusCode: 400 }).code).toBe('MALFORMED_BODY');
    expect(toKeyportError({ statusCode: 400 }).code).toBe('BAD_REQUEST');
  });
});

describe('challengeOf', () => {
  it('tells only the schemes where no token came (RFC 6750 §3.1, RFC 9449 §7.1)', () => {
    expect(challengeOf(new KeyportError('TOKEN_MISSING'))).toBe(
      'Bearer realm="keyport", DPoP realm="keyport", algs="ES256 EdDSA PS256 RS256 Ed25519"',
    );
  });

  it('asks for a proof where that is what was wrong (RFC 9449 §7.1)', () => {
    const params = { check: 'binding', reason: 'the token is bound to a key' };

    const [proof, token] = [new KeyportError('DPOP_PROOF_INVALID', params), new KeyportError('TOKEN_INVALID', params)];

    expect(challengeOf(proof)).toMatch(/^DPoP realm="keyport", error="invalid_dpop_proof", .*, algs="ES256 /);
    expect(challengeOf(token)).toMatch(/^DPoP realm="keyport", error="invalid_token", .*, algs="ES256 /);
  });

  it('names a missing scope and a bad token', () => {
    expect(challengeOf(new KeyportError('INSUFFICIENT_SCOPE', { scope: 'keys:read' }))).toContain('scope="keys:read"');
    expect(challengeOf(new KeyportError('TOKEN_REVOKED'))).toContain('error="invalid_token"');
    expect(challengeOf(new KeyportError('LOGIN_FAILED'))).toBeUndefined();
  });

  it('can be sent whatever stood in the URL', () => {
    const scope = 'records:read:a"\r\nset-cookie: b\\é';

    expect(challengeOf(new KeyportError('INSUFFICIENT_SCOPE', { scope }))).toContain(
      `scope="records:read:a'''set-cookie: b''"`,
    );
  });
});

describe('requestIdOf', () => {
  it('keeps a harmless id and replaces any other', () => {
    expect(requestIdOf({ headers: { 'x-request-id': 'abc-1' } })).toBe('abc-1');
    expect(requestIdOf({ headers: { 'x-request-id': 'a\nb' } })).not.toContain('\n');
  });
});
