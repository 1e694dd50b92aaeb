import { loadConfig, serviceConfig } from '@keyport/service';
import { z } from 'zod';

export const gatewayConfig = serviceConfig.extend({
  KEYPORT_HOST: z.string().default('127.0.0.1'),
  KEYPORT_PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  /** `iss` and `aud` values used earlier, joined with commas: tokens that carry them stay good. */
  KEYPORT_FORMER_PUBLIC_URLS: z
    .string()
    .default('')
    .transform((list) => list.split(',').filter((url) => url !== '')),
});

export type GatewayConfig = z.output<typeof gatewayConfig>;

export const loadGatewayConfig = (): GatewayConfig => loadConfig(gatewayConfig);

/** Injection token of the gateway's configuration. */
export const GATEWAY_CONFIG = Symbol('GATEWAY_CONFIG');
