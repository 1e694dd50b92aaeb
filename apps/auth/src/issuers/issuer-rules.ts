import { KeyportError } from '@keyport/contracts';

const refuse = (reason: string): never => {
  throw new KeyportError('ISSUER_INVALID', { reason });
};

/**
 * What others may be known by: an https URL without query and fragment (RFC 8414 §2), or one of this machine by http
 * where key sets may come from there. Never this deployment, an address that it had, or where its self-issued tokens are
 * from. Throws ISSUER_INVALID.
 */
export function requireOthersIssuer(
  issuer: string,
  { own, isLocalAllowed }: { readonly own: readonly string[]; readonly isLocalAllowed: boolean },
): void {
  const url = URL.canParse(issuer) ? new URL(issuer) : refuse('it is no URL');
  const isLocal = url.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(isLocal && isLocalAllowed)) refuse('it is no https URL');
  if (/[?#|\s\\]/.test(issuer)) refuse('it holds a query, a fragment, a space, a | or a \\');
  if (url.username !== '' || url.password !== '') refuse('it holds a name or a password');
  if (own.some((one) => isOurs(url, new URL(one)))) refuse('it is an issuer of this deployment');
}

/** As URLs compare, so that another spelling of our address is our address. */
function isOurs(url: URL, base: URL): boolean {
  const [path, ownPath] = [trimmed(url), trimmed(base)];
  return url.host === base.host && (path === ownPath || path.startsWith(`${ownPath}/public-keys/`));
}

const trimmed = ({ pathname }: URL): string => pathname.replace(/\/+$/, '').toLowerCase();
