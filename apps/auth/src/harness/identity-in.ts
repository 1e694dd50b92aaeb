import { accessClaims, identityOf, type Identity } from '@keyport/access';
import { decodeJwt, decodeProtectedHeader } from 'jose';

/** What a token of this deployment says of its holder, unverified. */
export const identityIn = (token: string): Identity =>
  identityOf(accessClaims.parse(decodeJwt(token)), decodeProtectedHeader(token).kid ?? '');
