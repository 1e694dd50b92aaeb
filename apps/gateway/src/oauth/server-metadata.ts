import { proofAlgorithms, signatureAlgorithms } from '@keyport/access';
import { clientAuthenticationMethods, grantTypes } from '@keyport/contracts';
import { z } from 'zod';

const texts = z.array(z.string());

/** RFC 8414 §2, RFC 8628 §4, RFC 9449 §5.1. */
export const serverMetadataSchema = z
  .object({
    issuer: z.string(),
    token_endpoint: z.string(),
    device_authorization_endpoint: z.string(),
    introspection_endpoint: z.string(),
    revocation_endpoint: z.string(),
    jwks_uri: z.string(),
    response_types_supported: texts,
    grant_types_supported: texts,
    token_endpoint_auth_methods_supported: texts,
    token_endpoint_auth_signing_alg_values_supported: texts,
    introspection_endpoint_auth_methods_supported: texts,
    introspection_endpoint_auth_signing_alg_values_supported: texts,
    revocation_endpoint_auth_methods_supported: texts,
    revocation_endpoint_auth_signing_alg_values_supported: texts,
    authorization_details_types_supported: texts,
    dpop_signing_alg_values_supported: texts,
  })
  .meta({ id: 'AuthorizationServerMetadata' });

/** RFC 9728 §2. */
export const resourceMetadataSchema = z
  .object({
    resource: z.string(),
    authorization_servers: texts,
    jwks_uri: z.string(),
    bearer_methods_supported: texts,
    authorization_details_types_supported: texts,
    dpop_signing_alg_values_supported: texts,
    dpop_bound_access_tokens_required: z.boolean(),
    resource_name: z.string(),
  })
  .meta({ id: 'ProtectedResourceMetadata' });

const signed = [...signatureAlgorithms];
const proven = clientAuthenticationMethods.filter((method) => method !== 'none');
const detailTypes = ['keyport_dataset'];

/** What of a deployment at this address is true. There is no authorization endpoint, so no response type. */
export function serverMetadata(issuer: string): z.output<typeof serverMetadataSchema> {
  const at = addressesOf(issuer);
  return {
    issuer,
    token_endpoint: at('oauth/token'),
    device_authorization_endpoint: at('oauth/device_authorization'),
    introspection_endpoint: at('oauth/introspect'),
    revocation_endpoint: at('oauth/revoke'),
    jwks_uri: at('.well-known/jwks.json'),
    response_types_supported: [],
    grant_types_supported: [...grantTypes],
    token_endpoint_auth_methods_supported: [...clientAuthenticationMethods],
    token_endpoint_auth_signing_alg_values_supported: signed,
    introspection_endpoint_auth_methods_supported: [...proven, 'Bearer'],
    introspection_endpoint_auth_signing_alg_values_supported: signed,
    revocation_endpoint_auth_methods_supported: [...clientAuthenticationMethods],
    revocation_endpoint_auth_signing_alg_values_supported: signed,
    authorization_details_types_supported: detailTypes,
    dpop_signing_alg_values_supported: [...proofAlgorithms],
  };
}

/** The deployment as what tokens are for: `aud` of its tokens, and the one issuer that clients ask for them. */
export const resourceMetadata = (resource: string): z.output<typeof resourceMetadataSchema> => ({
  resource,
  authorization_servers: [resource],
  jwks_uri: addressesOf(resource)('.well-known/jwks.json'),
  bearer_methods_supported: ['header'],
  authorization_details_types_supported: detailTypes,
  dpop_signing_alg_values_supported: [...proofAlgorithms],
  dpop_bound_access_tokens_required: false,
  resource_name: 'Keyport',
});

const addressesOf = (issuer: string) => (path: string) => `${issuer.replace(/\/$/, '')}/${path}`;
