import { askJetStream } from './jetstream-state.ts';

export interface NatsAddress {
  /** Without user and password: the NATS client takes them as options. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/** Checks a NATS server that the operator runs: it must take the given user and offer JetStream. */
export async function configuredNats(url: string): Promise<NatsAddress> {
  const address = splitNatsUrl(url);
  try {
    await askJetStream(address);
    return address;
  } catch (error) {
    throw new Error(`NATS_URL cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

export function splitNatsUrl(url: string): NatsAddress {
  const text = url.includes('://') ? url : `nats://${url}`;
  if (!URL.canParse(text)) throw new Error('NATS_URL is not an address such as nats://user:password@host:4222');
  const address = new URL(text);
  const user = decodeURIComponent(address.username);
  const password = decodeURIComponent(address.password);
  address.username = '';
  address.password = '';
  return { url: address.href.replace(/\/$/, ''), user, password };
}
