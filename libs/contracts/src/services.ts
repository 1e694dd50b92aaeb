/** The processes of a deployment; each has its own NATS user, and all but the gateway their own MongoDB database. */
export const serviceNames = ['gateway', 'auth', 'import', 'export', 'records'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** Of tools, one in the account of each service that owns streams and buckets: it may do anything there. All have the password of `admin`. */
export const toolUsers = ['admin-auth', 'admin-import'] as const;
export type ToolUser = (typeof toolUsers)[number];

/** Who has a password in nats-server's own configuration: each service, tools ({@link toolUsers}), and auth where it answers the auth callout. */
export const natsUsers = [...serviceNames, 'admin', 'callout'] as const;
export type NatsUser = (typeof natsUsers)[number];

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
