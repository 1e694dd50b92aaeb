/** Why a token is refused: the check that failed and what it saw. Never holds the token or a secret. */
export class TokenFault extends Error {
  constructor(
    readonly check: TokenCheck,
    readonly reason: string,
  ) {
    super(`${check}: ${reason}`);
    this.name = 'TokenFault';
  }
}

/** Checks in the order in which they are made: the cheap ones first, the signature last. */
export const tokenChecks = [
  'size',
  'form',
  'header',
  'type',
  'algorithm',
  'key',
  'claims',
  'issuer',
  'audience',
  'time',
  'signature',
] as const;
export type TokenCheck = (typeof tokenChecks)[number];
