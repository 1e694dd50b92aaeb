import type { Attack, BusAttack, HttpAttack, OAuthAttack, TokenAttack } from './attack.ts';
import { accountAttacks } from './tables/account-attacks.ts';
import { algorithmAttacks } from './tables/algorithm-attacks.ts';
import { busAttacks } from './tables/bus-attacks.ts';
import { clientAuthenticationAttacks, clientGrantAttacks } from './tables/client-attacks.ts';
import { clientRegistrationAttacks } from './tables/client-registration-attacks.ts';
import { claimAttacks } from './tables/claim-attacks.ts';
import { assertionAttacks, exchangeAttacks, exchangedRights } from './tables/exchange-attacks.ts';
import { deviceAttacks, deviceGrantAttacks } from './tables/device-attacks.ts';
import { dpopAttacks } from './tables/dpop-attacks.ts';
import { formAttacks } from './tables/form-attacks.ts';
import { headerAttacks } from './tables/header-attacks.ts';
import { jsonAttacks } from './tables/json-attacks.ts';
import { keySetAttacks } from './tables/key-set-attacks.ts';
import { linkAttacks } from './tables/link-attacks.ts';
import { mintingAttacks } from './tables/minting-attacks.ts';
import { issuerRegistrationAttacks, otherIssuersRights, otherIssuersTokens } from './tables/other-issuer-attacks.ts';
import { permissionAttacks } from './tables/permission-attacks.ts';
import { publisherAttacks } from './tables/publisher-attacks.ts';
import { publicKeyAttacks } from './tables/public-key-attacks.ts';
import { scopeAttacks } from './tables/scope-attacks.ts';
import { selfIssuedRights, selfIssuedTokens } from './tables/self-issued-attacks.ts';
import { sessionAttacks } from './tables/session-attacks.ts';
import { signatureAttacks } from './tables/signature-attacks.ts';
import { takingOverAttacks } from './tables/taking-over-attacks.ts';
import { timeAttacks } from './tables/time-attacks.ts';
import { tokenRequestAttacks } from './tables/token-request-attacks.ts';
import { transportAttacks } from './tables/transport-attacks.ts';

const tokenGroups: Readonly<Record<string, readonly TokenAttack[]>> = {
  Algorithms: algorithmAttacks,
  'Header parameters and key ids': headerAttacks,
  'Parts and their encoding': formAttacks,
  JSON: jsonAttacks,
  Signatures: signatureAttacks,
  'Types, audiences, issuers, claims': claimAttacks,
  Times: timeAttacks,
  'Self-issued tokens': selfIssuedTokens,
  'Tokens of other issuers': otherIssuersTokens,
};

/** By group. */
export const overHttp: Readonly<Record<string, readonly HttpAttack[]>> = {
  'Tokens on their way': transportAttacks,
  'Tokens that are bound to a key': dpopAttacks,
  'Scopes and paths': scopeAttacks,
  'Rights of self-issued tokens': selfIssuedRights,
  'Registered public keys': publicKeyAttacks,
  'Minting keys': mintingAttacks,
  "Taking over what is another's": takingOverAttacks,
  'Sessions and logins': sessionAttacks,
  'Links to files': linkAttacks,
  'Registered clients': clientRegistrationAttacks,
  'Registered issuers, and where their keys lie': [...issuerRegistrationAttacks, ...keySetAttacks],
  'Rights of what other issuers give': otherIssuersRights,
  'Rights of exchanged tokens': exchangedRights,
  'Codes of devices': deviceAttacks,
};

/** By group. */
export const onOAuth: Readonly<Record<string, readonly OAuthAttack[]>> = {
  'Clients that prove who they are': clientAuthenticationAttacks,
  'Grants, introspection and revocation': clientGrantAttacks,
  Exchanges: exchangeAttacks,
  'Assertions of other issuers': assertionAttacks,
  'Devices that ask for tokens': [...deviceGrantAttacks, ...tokenRequestAttacks],
};

export const forgedTokens: readonly TokenAttack[] = Object.values(tokenGroups).flat();
const busGroups: Readonly<Record<string, readonly BusAttack[]>> = {
  'Caller contexts and grants': busAttacks,
  'Subjects of the bus': permissionAttacks,
  'Accounts of the services': accountAttacks,
  'Connecting to NATS with a Keyport key': publisherAttacks,
};
export const onTheBus: readonly BusAttack[] = Object.values(busGroups).flat();

/** Every attack, by the heading that docs/attacks.md has it under. */
export const allAttacks: Readonly<Record<string, readonly Attack[]>> = {
  ...tokenGroups,
  ...overHttp,
  ...onOAuth,
  ...busGroups,
};
