import type { FactoryProvider, Provider } from '@nestjs/common';
import { EventRelay } from './event-relay.service.ts';
import { OUTBOXES, type Outboxes } from './outbox.ts';

type Factory = Pick<FactoryProvider<Outboxes>, 'useFactory' | 'inject'>;

/** Providers of a service that tells what its outboxes hold, from its start to its end. */
export const relaying = (factory: Factory): Provider[] => [{ provide: OUTBOXES, ...factory }, EventRelay];
