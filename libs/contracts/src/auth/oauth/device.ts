import { z } from 'zod';
import { defineRequest } from '../../define.ts';
import { instant } from '../../shapes.ts';
import { clientAuthentication } from './client-authentication.ts';
import { scopeParameter } from './token.ts';

const address = z.string().max(64);

/** RFC 8628 §3.1. */
export const deviceAuthorizationRequestSchema = z.object({ scope: scopeParameter.optional() });

/** RFC 8628 §3.2. */
export const deviceAuthorizationSchema = z
  .object({
    device_code: z.string(),
    user_code: z.string(),
    verification_uri: z.string(),
    verification_uri_complete: z.string(),
    /** Seconds. */
    expires_in: z.number().int(),
    /** Seconds between two polls. */
    interval: z.number().int(),
  })
  .meta({ id: 'DeviceAuthorization' });

/** A device asks for a code to show. Throws OAUTH_CLIENT_INVALID, OAUTH_CLIENT_UNAUTHORIZED, OAUTH_SCOPE_INVALID. */
export const authorizeDevice = defineRequest({
  subject: 'auth.v1.oauth.device-authorization',
  request: deviceAuthorizationRequestSchema.extend({ client: clientAuthentication, address }),
  reply: deviceAuthorizationSchema,
  authority: 'anyone',
});

/** As the person types it: any case, with or without the line in the middle. */
const userCode = z.string().min(1).max(64);

export const userCodeSchema = z.strictObject({ userCode }).meta({ id: 'UserCode' });
export const decideDeviceSchema = z.strictObject({ userCode, approve: z.boolean() }).meta({ id: 'DecideDevice' });

const client = z.object({ id: z.string(), name: z.string() });

export const deviceRequestSchema = z
  .object({
    userCode: z.string(),
    client,
    /** What the device asks for. */
    scopes: z.array(z.string()),
    /** What of it the caller could give now. */
    granted: z.array(z.string()),
    expiresAt: instant,
  })
  .meta({ id: 'DeviceRequest' });

export const deviceDecisionSchema = z
  .object({ state: z.enum(['approved', 'denied']), client, granted: z.array(z.string()) })
  .meta({ id: 'DeviceDecision' });

/** By a signed-in person alone. A code that nobody shows counts as a guess: DEVICE_CODE_NOT_FOUND, DEVICE_CODE_THROTTLED. */
export const getDeviceRequest = defineRequest({
  subject: 'auth.v1.devices.get',
  request: userCodeSchema.extend({ address }),
  reply: deviceRequestSchema,
});

/** By a signed-in person alone; what is decided stays so. */
export const decideDevice = defineRequest({
  subject: 'auth.v1.devices.decide',
  request: decideDeviceSchema.extend({ address }),
  reply: deviceDecisionSchema,
});
