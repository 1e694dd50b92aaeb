import type { ServiceName } from '@keyport/contracts';
import { RequestMethod, type DynamicModule } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';

/** Paths whose values never reach a log line. */
const redacted = [
  'req.headers.authorization',
  'req.headers.cookie',
  'res.headers["set-cookie"]',
  '*.password',
  '*.token',
  '*.authority',
];

/**
 * JSON lines on standard output. Requests are logged only when they fail: a line a request costs more than half of the
 * throughput (measured); counting them is the business of metrics.
 */
export function loggingModule(service: ServiceName, level: string): DynamicModule {
  return LoggerModule.forRoot({
    pinoHttp: {
      level,
      base: { service, pid: process.pid },
      redact: redacted,
      autoLogging: false,
      customLogLevel: (_request, response, error) => (error || response.statusCode >= 500 ? 'error' : 'debug'),
    },
    // Without a route nestjs-pino logs nothing on Fastify.
    forRoutes: [{ path: '*path', method: RequestMethod.ALL }],
  });
}
