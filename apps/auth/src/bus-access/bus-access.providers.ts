import { Judge, RevocationView, RightsView, SIGNING_KEYS, type KeyView } from '@keyport/access';
import { STALE_VIEW_MS } from '@keyport/messaging';
import type { Provider } from '@nestjs/common';
import { AdmissionService, BUS_JUDGE, TOKEN_SOURCES } from './admission.service.ts';
import { BusAccessService } from './bus-access.service.ts';
import { CalloutService } from './callout.service.ts';
import { ConnectionsService } from './connections.service.ts';
import { DatasetNamesService } from './dataset-names.service.ts';

/** Who connects to NATS with a Keyport key. */
export const busAccessProviders: Provider[] = [
  {
    provide: BUS_JUDGE,
    useFactory: (signingKeys: KeyView, revocations: RevocationView, rights: RightsView, staleAfterMs: number) =>
      new Judge({ signingKeys, revocations, rights }, staleAfterMs),
    inject: [SIGNING_KEYS, RevocationView, RightsView, STALE_VIEW_MS],
  },
  {
    provide: TOKEN_SOURCES,
    useFactory: (signingKeys: KeyView, rights: RightsView) => ({ signingKeys, rights }),
    inject: [SIGNING_KEYS, RightsView],
  },
  ...[DatasetNamesService, AdmissionService, CalloutService, ConnectionsService, BusAccessService],
];
