import { z } from 'zod';

/** Bytes of a form; an assertion is no larger than a token, and two of them fit. */
const text = z.string().min(1).max(1024);
const assertion = z
  .string()
  .min(1)
  .max(8 * 1024);

/** RFC 7523 §2.2. */
export const clientAssertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** How a request to the OAuth endpoints says which client sends it, as the gateway read it (RFC 6749 §2.3, RFC 7523 §2.2). */
export const clientAuthentication = z.discriminatedUnion('method', [
  z.object({ method: z.literal('client_secret_basic'), clientId: text, secret: text }),
  z.object({ method: z.literal('client_secret_post'), clientId: text, secret: text }),
  /** `clientId` where the form names it too. */
  z.object({ method: z.literal('private_key_jwt'), clientId: text.optional(), assertion }),
  /** A public client names itself; a request of no client names none. */
  z.object({ method: z.literal('none'), clientId: text.optional() }),
]);
export type ClientAuthentication = z.output<typeof clientAuthentication>;

/** Methods by the names of RFC 8414. */
export const clientAuthenticationMethods = clientAuthentication.options.map(({ shape }) => shape.method.value);
