import { KeyportError } from '@keyport/contracts';

/** Parameters of one request; whoever sends more means something else. */
const maxParameters = 50;

export type FormParameters = Readonly<Record<string, string>>;

/**
 * The parameters of a form (WHATWG URL, "application/x-www-form-urlencoded"), each once; one without a value counts as
 * left out (RFC 6749 §3.2). Throws OAUTH_REQUEST_INVALID for a repeated one, and for text that is no such encoding, which
 * URLSearchParams would read somehow.
 */
export function readForm(text: string): FormParameters {
  const pairs = text === '' ? [] : text.split('&');
  if (pairs.length > maxParameters) throw requestInvalid(`there are more than ${maxParameters} parameters`);
  const parameters = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const name = decodeFormText(at < 0 ? pair : pair.slice(0, at));
    if (parameters.has(name)) throw requestInvalid(`the parameter ${shown(name)} is repeated`);
    parameters.set(name, at < 0 ? '' : decodeFormText(pair.slice(at + 1)));
  }
  return Object.fromEntries([...parameters].filter(([, value]) => value !== ''));
}

/** Throws OAUTH_REQUEST_INVALID for a percent sign that encodes nothing, or not UTF-8. */
export function decodeFormText(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    throw requestInvalid('it is not application/x-www-form-urlencoded in UTF-8', cause);
  }
}

export const requestInvalid = (reason: string, cause?: unknown): KeyportError =>
  new KeyportError('OAUTH_REQUEST_INVALID', { reason }, { cause });

const shown = (name: string): string => name.replace(/[^\w.-]/g, '?').slice(0, 64);
