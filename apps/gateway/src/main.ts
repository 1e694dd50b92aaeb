import 'reflect-metadata';
import { setTimeout as delay } from 'node:timers/promises';
import { connectBus } from '@keyport/messaging';
import { announceReady, endWithLauncher, letHeapGrow } from '@keyport/service';
import { loadGatewayConfig } from './config.ts';
import { Readiness } from './health/readiness.ts';
import { createApp } from './http/create-app.ts';

/** Percent: with 100 it reaches 269 MB while it sends files of 760 MB one after another (measured). */
letHeapGrow(80);
const config = loadGatewayConfig();
const connection = await connectBus({
  service: 'gateway',
  url: config.NATS_URL,
  user: config.NATS_USER,
  password: config.NATS_PASSWORD,
});
const app = await createApp(connection, config);
endWithLauncher(app);
await app.listen({ port: config.KEYPORT_PORT, host: config.KEYPORT_HOST });
while (!app.get(Readiness).isReady) await delay(20);
announceReady();
