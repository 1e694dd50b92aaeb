import type { ServiceName } from '@keyport/contracts';
import type { DynamicModule } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';

/** Names whose values never reach a log line, wherever they stand in what is logged. */
const secretNames = [
  'authorization',
  'cookie',
  'password',
  'token',
  'accessToken',
  'refreshToken',
  'authority',
  'grant',
  ...['access_token', 'refresh_token', 'subject_token', 'assertion', 'client_assertion', 'client_secret', 'secret'],
  ...['device_code', 'deviceCode', 'dpop'],
];
const redacted = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `*.headers.${name}`]);

/**
 * JSON lines on standard output, for what happens and not for what is asked: a line a request costs more than half of the
 * throughput, and even a logger a request a good part of it (measured). Failures name the request id themselves.
 */
export function loggingModule(service: ServiceName, level: string): DynamicModule {
  return LoggerModule.forRoot({
    pinoHttp: { level, base: { service, pid: process.pid }, redact: redacted, autoLogging: false },
    forRoutes: [],
  });
}
