import dns from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { KeyportError } from '@keyport/contracts';
import type { AddressPolicy } from './address-policy.ts';

/** Milliseconds from the look-up of the name to the last byte. */
const fetchMs = 5_000;
export const maxKeySetBytes = 1024 * 1024;
const maxHeaderBytes = 16 * 1024;

const refuse = (reason: string, cause?: unknown): never => {
  throw new KeyportError('ISSUER_KEYS_UNAVAILABLE', { reason }, { cause });
};

export interface FetchOptions {
  readonly policy: AddressPolicy;
  /** `dns.lookup` unless told. */
  readonly lookup?: typeof dns.lookup;
  readonly timeoutMs?: number;
}

/**
 * The JSON behind an address that somebody else chose. No redirect is followed; each address that the name has must be
 * one that may be asked, and the connection goes to what was checked, not to what the name means a moment later. Throws
 * ISSUER_KEYS_UNAVAILABLE with a reason that tells nothing of what answered.
 */
export async function fetchKeySet(uri: string, options: FetchOptions): Promise<unknown> {
  const url = urlOf(uri);
  // Node looks up names alone: an address that is written out would pass by `lookup`.
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  const isName = !/^[\d.]+$|:/.test(literal);
  if (!isName && !options.policy.admits(literal, url.protocol)) refuse('its address may not be asked');
  const signal = AbortSignal.timeout(options.timeoutMs ?? fetchMs);
  try {
    return parsed(await bodyOf(await responseOf(url, options, signal)));
  } catch (error) {
    if (error instanceof KeyportError) throw error;
    if (signal.aborted) return refuse('it did not answer in time', error);
    if (error instanceof AddressRefused) return refuse('its address may not be asked', error);
    return refuse('it cannot be reached', error);
  }
}

function urlOf(uri: string): URL {
  const url = URL.canParse(uri) ? new URL(uri) : refuse('its address is no URL');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') refuse('its address is no https URL');
  if (url.username !== '' || url.password !== '' || url.hash !== '') refuse('its address holds more than a place');
  return url;
}

class AddressRefused extends Error {}

function responseOf(url: URL, { policy, lookup }: FetchOptions, signal: AbortSignal): Promise<http.IncomingMessage> {
  const { request } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      agent: false,
      signal,
      lookup: checkedLookup(policy, url.protocol, lookup ?? dns.lookup),
      maxHeaderSize: maxHeaderBytes,
      headers: { accept: 'application/jwk-set+json, application/json', 'accept-encoding': 'identity' },
    });
    sent.once('response', resolve).on('error', reject).end();
  });
}

/** All addresses are looked up and checked, and the connection is made to one of those. */
const checkedLookup =
  (policy: AddressPolicy, protocol: string, lookup: typeof dns.lookup): LookupFunction =>
  (name, options, answer) => {
    const wanted = { ...options, all: true } as const;
    lookup(name, wanted, (error, addresses) => {
      if (error) return answer(error, []);
      const isRefused = addresses.length === 0 || addresses.some(({ address }) => !policy.admits(address, protocol));
      if (isRefused) return answer(new AddressRefused(), []);
      const [first] = addresses;
      return options.all ? answer(null, addresses) : answer(null, first?.address ?? '', first?.family);
    });
  };

async function bodyOf(response: http.IncomingMessage): Promise<Buffer> {
  try {
    const { statusCode, headers } = response;
    if (statusCode !== 200) refuse(`it answered with the status ${statusCode}`);
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') refuse('its answer is compressed');
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxKeySetBytes) refuse(`it is larger than ${maxKeySetBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    response.destroy();
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    return refuse('it is no JSON', error);
  }
}
