/** The processes of a deployment; each has its own NATS user, and all but the gateway their own MongoDB database. */
export const serviceNames = ['gateway', 'auth', 'import', 'export', 'records'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** Header names on the bus. */
export const busHeaders = {
  /** A caller context or a job grant (compact JWS). */
  authority: 'Keyport-Authority',
  requestId: 'Keyport-Request-Id',
  /** Present on a failed reply; the body is then `{code, params}` as JSON. */
  error: 'Keyport-Error',
  /** Marks the last of several replies. */
  last: 'Keyport-Last',
} as const;
