/** RFC 3986 §2.3. */
const unreserved = /^[A-Za-z0-9._~-]$/;

/**
 * A URI as RFC 3986 §6.2.2 and §6.2.3 normalise it, without query and fragment (RFC 9449 §4.3): scheme and host in lower
 * case, no default port, no dot segments, no needless escapes. Undefined for what is no plain http(s) URI.
 */
export function comparableUrl(text: string): string | undefined {
  // The WHATWG parser mends what is not a URI: spaces, backslashes, a missing slash.
  if (!/^https?:\/\/[^\s\\]+$/i.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, host, pathname, username, password } = new URL(text);
  if (username !== '' || password !== '') return undefined;
  return `${protocol}//${host}${withPlainEscapes(pathname)}`;
}

function withPlainEscapes(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(parseInt(escape.slice(1), 16));
    return unreserved.test(character) ? character : escape.toUpperCase();
  });
}
