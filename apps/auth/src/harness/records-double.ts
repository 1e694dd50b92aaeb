import { CallerVerifier, KeyView, RevocationView, RightsView } from '@keyport/access';
import { buckets } from '@keyport/contracts';
import { eventually } from '@keyport/testing';
import type { AuthSystem } from './auth-system.ts';

/** Checks grants as the records service does, on every chunk. Its views are for the test to stop. */
export async function standForRecords(system: AuthSystem) {
  const connection = await system.servers.connectionOf('records');
  const contextKeys = new KeyView(connection, buckets.contextKeys, { needsMarker: false, awaitNewKeys: true });
  const signingKeys = new KeyView(connection, buckets.jwks, { needsMarker: true, awaitNewKeys: false });
  const revocations = new RevocationView(connection);
  const rights = new RightsView(connection);
  const views = [contextKeys, signingKeys, revocations, rights];
  for (const view of views) view.start();
  await eventually(() => views.every(({ isReady }) => isReady), Boolean);
  return { verifier: new CallerVerifier({ contextKeys, signingKeys, revocations, rights }), views };
}
