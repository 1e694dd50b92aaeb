/** What of a DPoP proof is looked at, in this order but for the replay, which comes last (RFC 9449 §4.3). */
export type ProofCheck =
  | 'presence'
  | 'form'
  | 'header'
  | 'type'
  | 'algorithm'
  | 'key'
  | 'claims'
  | 'method'
  | 'url'
  | 'time'
  | 'token'
  | 'signature'
  | 'binding'
  | 'replay';

/** Why a DPoP proof is refused: the check that failed and what it saw. Never holds the proof or a token. */
export class ProofFault extends Error {
  constructor(
    readonly check: ProofCheck,
    readonly reason: string,
  ) {
    super(`${check}: ${reason}`);
    this.name = 'ProofFault';
  }
}
