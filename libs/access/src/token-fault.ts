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

/** Checks in the order in which they are made. */
export type TokenCheck =
  'size' | 'form' | 'header' | 'type' | 'algorithm' | 'key' | 'claims' | 'signature' | 'issuer' | 'audience' | 'time';
