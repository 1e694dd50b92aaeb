import { z } from 'zod';

/** Environment that every service reads; an app's own schema extends it. */
export const serviceConfig = z.object({
  NATS_URL: z.string().min(1).default('nats://127.0.0.1:4222'),
  NATS_USER: z.string().optional(),
  NATS_PASSWORD: z.string().optional(),
  /** Public address of the gateway: `iss` and `aud` of every token. */
  KEYPORT_PUBLIC_URL: z.url().default('http://127.0.0.1:3000'),
  /** Seconds without contact with JetStream after which requests are refused; 0 never refuses for it. */
  KEYPORT_STALE_VIEW_SECONDS: z.coerce.number().int().min(0).max(86_400).default(60),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

/** Environment of a service that owns a database. */
export const storedServiceConfig = serviceConfig.extend({
  /** `mongodb://user:password@host:port/<database>?…` of this service's own database on a replica set. */
  MONGODB_URL: z.string().regex(/^mongodb(\+srv)?:\/\//, 'must begin with mongodb://'),
});

/** Reads the environment once, at start. Throws one error that names every fault; values are never in it. */
export function loadConfig<Schema extends z.ZodType>(
  schema: Schema,
  environment: NodeJS.ProcessEnv = process.env,
): z.output<Schema> {
  // An empty variable, as compose files leave behind, counts as unset.
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(set);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`);
  throw new Error(`The environment is not valid:\n${faults.join('\n')}`);
}
