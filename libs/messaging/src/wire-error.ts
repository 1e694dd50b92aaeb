import { busHeaders, isErrorCode, KeyportError, type FieldProblem } from '@keyport/contracts';
import { headers, type Msg, type MsgHdrs } from '@nats-io/transport-node';

/** How an error travels: its code in a header, its params as JSON. The cause stays in the log of the service. */
export function encodeError(error: KeyportError): { body: Uint8Array; headers: MsgHdrs } {
  const hdrs = headers();
  hdrs.set(busHeaders.error, error.code);
  return { body: Buffer.from(JSON.stringify({ params: error.params, errors: error.errors })), headers: hdrs };
}

/** The error that a reply carries, if it carries one. */
export function errorOf(reply: Msg): KeyportError | undefined {
  const code = reply.headers?.get(busHeaders.error);
  if (!code) return undefined;
  if (!isErrorCode(code)) return new KeyportError('INTERNAL', { code });
  const { params, errors } = reply.json<{ params: Record<string, string>; errors?: FieldProblem[] }>();
  return new KeyportError(code, params, errors ? { errors } : {});
}
