/** User and password in an address go apart: the NATS client takes them as options. */
export function splitNatsUrl(url: string): { url: string; user: string; password: string } {
  const address = new URL(url.includes('://') ? url : `nats://${url}`);
  const user = decodeURIComponent(address.username);
  const password = decodeURIComponent(address.password);
  address.username = '';
  address.password = '';
  return { url: address.href.replace(/\/$/, ''), user, password };
}
