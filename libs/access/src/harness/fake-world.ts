import type { ClientRights, IssuerRights, KeyRights, PublicKeyRights, Role, UserRights } from '@keyport/contracts';
import type { CryptoKey } from 'jose';
import type { JudgeViews } from '../judge.ts';
import type { KeyView } from '../key-view.ts';
import { revocationKey, type RevocationTarget } from '../revocation-keys.ts';
import { RevocationTable, type Fingerprints } from '../revocation-table.ts';
import type { RevocationView } from '../revocation-view.ts';
import type { RightsView } from '../rights-view.ts';

/** For specs: what the views would say, without a bus; specs change it as auth would. */
export class FakeWorld {
  readonly signingKeys = new Map<string, CryptoKey>();
  readonly contextKeys = new Map<string, CryptoKey>();
  readonly publicKeys = new Map<string, PublicKeyRights & { readonly key: CryptoKey }>();
  /** Names of the views that were not read yet. */
  readonly unread = new Set<string>();
  contactAt = Date.now();
  /** How often a key was asked for to verify with. */
  lookups = 0;
  private readonly users = new Map<string, UserRights>();
  private readonly issuers = new Map<string, IssuerRights>();
  private readonly ceilings = new Map<string, KeyRights>();
  private readonly clients = new Map<string, ClientRights>();
  private readonly table = new RevocationTable();
  private readonly arrivals: (() => void)[] = [];
  private version = 0;

  user(
    id: string,
    scopes: string[],
    { role = 'member', disabled = false }: { role?: Role; disabled?: boolean } = {},
  ): void {
    this.users.set(id, { kind: 'user', role, scopes, disabled });
    this.changed();
  }

  forgetUser(id: string): void {
    this.users.delete(id);
    this.changed();
  }

  ceiling(keyId: string, scopes: string[]): void {
    this.ceilings.set(keyId, { kind: 'key', scopes, limits: {} });
    this.changed();
  }

  client(id: string, scopes: string[]): void {
    this.clients.set(id, { kind: 'client', scopes });
    this.changed();
  }

  forgetClient(id: string): void {
    this.clients.delete(id);
    this.changed();
  }

  publicKey(
    kid: string,
    entry: Pick<PublicKeyRights, 'issuer' | 'userId' | 'scopes' | 'maxLifetimeSeconds'>,
    key: CryptoKey,
  ): void {
    const rest = { jwk: { kid, kty: 'EC', alg: 'ES256' }, limits: {}, ancestors: [], expiresAt: null };
    this.publicKeys.set(kid, { kind: 'public-key', ...rest, ...entry, key });
    this.changed();
  }

  issuer(id: string, entry: Partial<IssuerRights> & Pick<IssuerRights, 'issuer' | 'ceiling'>): void {
    const rest = { audience: 'keyport', typ: null, trust: 'direct' as const, maxLifetimeSeconds: 3600 };
    this.issuers.set(id, { kind: 'issuer', keys: [], scopeMapping: [], ...rest, ...entry });
    this.changed();
  }

  forgetIssuer(id: string): void {
    this.issuers.delete(id);
    this.changed();
  }

  forgetPublicKey(kid: string): void {
    this.publicKeys.delete(kid);
    this.changed();
  }

  revoke(target: RevocationTarget, before: number | null = null): void {
    this.table.put(revocationKey(target), before, null);
  }

  /** Resolves once a request waits for an entry to arrive. */
  async someoneWaits(): Promise<void> {
    while (this.arrivals.length === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  get views(): JudgeViews & { readonly contextKeys: KeyView } {
    return {
      signingKeys: this.keyView('signing-keys', this.signingKeys),
      contextKeys: this.keyView('context-keys', this.contextKeys),
      revocations: this.view('revocations', {
        find: (prints: Fingerprints, issuedAt: number) => this.table.find(prints, issuedAt),
      }) as unknown as RevocationView,
      rights: this.rightsView(),
    };
  }

  private changed(): void {
    this.version += 1;
    for (const arrive of this.arrivals.splice(0)) arrive();
  }

  private view<Members extends object>(name: string, members: Members) {
    const contact = { isReady: () => !this.unread.has(name), contactAt: () => this.contactAt };
    return Object.defineProperties(members, {
      isReady: { get: contact.isReady },
      contactAt: { get: contact.contactAt },
    });
  }

  private keyView(name: string, keys: ReadonlyMap<string, CryptoKey>): KeyView {
    return this.view(name, {
      has: (kid: string) => keys.has(kid),
      issuersOf: () => [],
      issuers: () => [],
      find: async (kid: string) => {
        this.lookups += 1;
        return keys.get(kid);
      },
    }) as unknown as KeyView;
  }

  private rightsView(): RightsView {
    const members = {
      user: (id: string) => this.users.get(id),
      key: (id: string) => this.ceilings.get(id),
      publicKey: (kid: string) => this.publicKeys.get(kid),
      client: (id: string) => this.clients.get(id),
      issuer: (id: string) => this.issuers.get(id),
      verifyingKey: async (kid: string) => this.publicKeys.get(kid)?.key,
      awaitEntry: () => new Promise<void>((resolve) => this.arrivals.push(resolve)),
    };
    Object.defineProperty(members, 'version', { get: () => this.version });
    return this.view('rights', members) as unknown as RightsView;
  }
}
