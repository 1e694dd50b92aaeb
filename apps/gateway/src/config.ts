import { loadConfig, serviceConfig } from '@keyport/service';
import { z } from 'zod';

export const gatewayConfig = serviceConfig.extend({
  KEYPORT_HOST: z.string().default('127.0.0.1'),
  KEYPORT_PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
});

export type GatewayConfig = z.output<typeof gatewayConfig>;

export const loadGatewayConfig = (): GatewayConfig => loadConfig(gatewayConfig);

/** Injection token of the gateway's configuration. */
export const GATEWAY_CONFIG = Symbol('GATEWAY_CONFIG');
