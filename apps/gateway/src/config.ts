import { loadConfig, requestDefaults, serviceConfig } from '@keyport/service';
import { isIP } from 'node:net';
import { z } from 'zod';

/** Addresses or networks (`10.0.0.0/8`), joined with commas. */
const networks = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .refine((list) => list.every(isNetwork), 'must be addresses or networks joined with commas');

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return (
    rest.length === 0 && longest > 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest))
  );
}

export const gatewayConfig = serviceConfig.extend({
  KEYPORT_HOST: z.string().default('127.0.0.1'),
  KEYPORT_PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  /** Seconds for which others may keep the key set; auth lets a signing key sign once it was published for so long. */
  KEYPORT_KEY_SET_CACHE_SECONDS: z.coerce.number().int().min(0).max(86_400).default(10),
  /** Proxies whose X-Forwarded-For is believed: else every request behind them comes from one address. */
  KEYPORT_TRUSTED_PROXIES: networks.optional(),
  ...requestDefaults,
  /** An upload that is on its way waits so long for room in the spool. */
  KEYPORT_SPOOL_WAIT_SECONDS: z.coerce.number().int().min(0).max(3600).default(60),
  /** Event streams that one holder, and all together, may have open at this gateway. */
  KEYPORT_EVENT_STREAMS: z.coerce.number().int().min(1).max(100_000).default(100),
  KEYPORT_EVENT_STREAMS_IN_ALL: z.coerce.number().int().min(1).max(100_000).default(2_000),
  /** Requests without a good token from one address; twice as many at once. */
  KEYPORT_UNAUTHENTICATED_PER_SECOND: z.coerce.number().int().min(1).max(1_000_000).default(1_000),
  /** DPoP proofs of one person or program; twice as many at once. The memory of proofs has room for 4,000 a second of all. */
  KEYPORT_PROOFS_PER_SECOND: z.coerce.number().int().min(1).max(1_000_000).default(300),
});

export type GatewayConfig = z.output<typeof gatewayConfig>;

export const loadGatewayConfig = (): GatewayConfig => loadConfig(gatewayConfig);

/** Injection token of the gateway's configuration. */
export const GATEWAY_CONFIG = Symbol('GATEWAY_CONFIG');
