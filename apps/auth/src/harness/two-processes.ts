import type { GatewayDouble } from '@keyport/testing';
import type { INestMicroservice } from '@nestjs/common';
import { AuthSystem } from './auth-system.ts';
import { People } from './people.ts';

export interface TwoProcesses {
  readonly system: AuthSystem;
  readonly gateway: GatewayDouble;
  readonly people: People;
  /** The first of the two. */
  readonly app: INestMicroservice;
}

/** Two processes share the work, as in a deployment that is meant to last. */
export async function startTwoProcesses(): Promise<TwoProcesses> {
  const system = await AuthSystem.start();
  const app = await system.serve();
  await system.serve();
  const gateway = await system.gateway();
  return { system, gateway, people: await People.of(system, gateway), app };
}
