import { serviceNames, type ServiceName } from '@keyport/contracts';

/** What the operator configures of a local stack, from the environment. */
export interface StackConfig {
  readonly home: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly publicUrl: string | undefined;
  readonly replicas: Replicas;
  readonly mongodbUrl: string | undefined;
  readonly natsUrl: string | undefined;
}

/** How many processes of each service; one where it is not named. */
export type Replicas = Readonly<Partial<Record<ServiceName, number>>>;

const maxReplicas = 16;

/** Reads the whole environment and reports all faults at once. */
export function readStackConfig(env: NodeJS.ProcessEnv): StackConfig {
  const faults: string[] = [];
  const port = Number(env.KEYPORT_PORT || '3000');
  if (!Number.isInteger(port) || port < 0 || port > 65_535) faults.push('KEYPORT_PORT is not a port number');
  const replicas = parseReplicas(env.KEYPORT_REPLICAS ?? '', faults);
  if (faults.length > 0) throw new Error(faults.join('; '));
  return {
    home: env.KEYPORT_HOME || '.keyport',
    host: env.KEYPORT_HOST || '127.0.0.1',
    port,
    publicUrl: env.KEYPORT_PUBLIC_URL || undefined,
    replicas,
    mongodbUrl: env.MONGODB_URL || undefined,
    natsUrl: env.NATS_URL || undefined,
  };
}

/** `gateway=3,import=2` */
function parseReplicas(text: string, faults: string[]): Replicas {
  const replicas: Partial<Record<ServiceName, number>> = {};
  for (const part of text.split(',').filter((piece) => piece.trim() !== '')) {
    const [name = '', count = ''] = part.split('=').map((piece) => piece.trim());
    const service = serviceNames.find((known) => known === name);
    if (!service) faults.push(`KEYPORT_REPLICAS names no service with "${name}" (${serviceNames.join(', ')})`);
    else if (!/^[1-9]\d?$/.test(count) || Number(count) > maxReplicas)
      faults.push(`KEYPORT_REPLICAS wants 1 to ${maxReplicas} of ${name}, not "${count}"`);
    else replicas[service] = Number(count);
  }
  return replicas;
}
