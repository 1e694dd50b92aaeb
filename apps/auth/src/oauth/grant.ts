import type { GrantOf, GrantType, TokenResponse } from '@keyport/contracts';
import type { Client } from '../clients/client.model.ts';

export interface GrantRequest<Type extends GrantType = GrantType> {
  readonly grant: GrantOf<Type>;
  /** Authenticated, and registered for this grant; undefined where the request names none. */
  readonly client: Client | undefined;
  /** The token is to be bound to this key (RFC 9449). */
  readonly dpopJkt: string | undefined;
  readonly address: string;
}

/** One way to get a token (RFC 6749 §1.3). Each has a file of its own, `<name>.grant.ts`. */
export interface Grant<Type extends GrantType = GrantType> {
  readonly grantType: Type;
  /** Whether a client must ask; else what is presented is authority enough. */
  readonly needsClient: boolean;
  issue(request: GrantRequest<Type>): Promise<TokenResponse>;
}
