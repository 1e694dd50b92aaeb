import { natsConf } from './nats-conf.ts';

/** Text of `docker/nats.conf`, which docker-compose gives to its nats-server. */
export const dockerNatsConf = (): string =>
  natsConf({
    listen: '0.0.0.0:4222',
    // Only the compose network reaches it; the health check asks it.
    monitor: '0.0.0.0:8222',
    storeDir: '/data',
    // Made once, by the container nats-callout.
    issuer: { include: 'callout/callout.conf' },
  });
