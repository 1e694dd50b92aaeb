import { clientAssertionType, clientAuthentication, KeyportError, type ClientAuthentication } from '@keyport/contracts';
import { decodeFormText, requestInvalid, type FormParameters } from './form-parameters.ts';

const basic = 'basic ';

/**
 * How the request says which client sends it. Throws OAUTH_REQUEST_INVALID where it says so in more than one way
 * (RFC 6749 §2.3: one method in each request), and OAUTH_CLIENT_INVALID for what no client could say.
 */
export function readClientAuthentication(authorization: string, form: FormParameters): ClientAuthentication {
  const { client_id: clientId, client_secret: secret, client_assertion: assertion } = form;
  const isAsserted = assertion !== undefined || form.client_assertion_type !== undefined;
  if ([authorization !== '', secret !== undefined, isAsserted].filter(Boolean).length > 1)
    throw requestInvalid('the client authenticates in more than one way');
  if (authorization !== '') return accepted(fromHeader(authorization, clientId));
  if (isAsserted) return accepted(fromAssertion(form, clientId));
  if (secret !== undefined) return accepted({ method: 'client_secret_post', clientId, secret });
  return accepted({ method: 'none', clientId });
}

/** RFC 6749 §2.3.1: id and secret are each encoded as in a form, then as RFC 7617 says. */
function fromHeader(authorization: string, named: string | undefined) {
  if (authorization.slice(0, basic.length).toLowerCase() !== basic) throw new KeyportError('OAUTH_CLIENT_INVALID');
  const encoded = authorization.slice(basic.length).trim();
  const bytes = Buffer.from(encoded, 'base64');
  const text = bytes.toString('utf8');
  const at = text.indexOf(':');
  // Node reads base64 that is none, and several headers joined with a comma are none.
  if (bytes.toString('base64') !== encoded || at < 0) throw new KeyportError('OAUTH_CLIENT_INVALID');
  const clientId = decodeFormText(text.slice(0, at));
  if (named !== undefined && named !== clientId) throw requestInvalid('client_id is not the client that authenticates');
  return { method: 'client_secret_basic', clientId, secret: decodeFormText(text.slice(at + 1)) };
}

function fromAssertion(
  { client_assertion: assertion, client_assertion_type: type }: FormParameters,
  clientId?: string,
) {
  if (assertion === undefined) throw requestInvalid('client_assertion is missing');
  if (type !== clientAssertionType) throw requestInvalid(`client_assertion_type must be ${clientAssertionType}`);
  return { method: 'private_key_jwt', clientId, assertion };
}

function accepted(read: Readonly<Record<string, unknown>>): ClientAuthentication {
  const parsed = clientAuthentication.safeParse(read);
  if (parsed.success) return parsed.data;
  throw new KeyportError('OAUTH_CLIENT_INVALID', {}, { cause: parsed.error });
}
