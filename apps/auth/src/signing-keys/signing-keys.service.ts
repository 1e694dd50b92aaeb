import { Inject, Injectable, Logger } from '@nestjs/common';
import { SignJWT, type CryptoKey } from 'jose';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { SigningKeyMaker, signingAlgorithm } from './signing-key-maker.ts';
import { SigningKeysRepository } from './signing-keys.repository.ts';

interface Signer {
  readonly kid: string;
  readonly issuers: readonly string[];
  readonly key: CryptoKey;
}

/** Holds the key that signs Keyport's tokens, and signs with it. */
@Injectable()
export class SigningKeysService {
  private readonly logger = new Logger(SigningKeysService.name);
  private signer: Signer | undefined;

  constructor(
    private readonly keys: SigningKeysRepository,
    private readonly maker: SigningKeyMaker,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** Takes the stored key, or makes the first ones: one that signs, and one that all know before it does. */
  async load(): Promise<void> {
    const issuer = this.config.KEYPORT_PUBLIC_URL;
    await this.keys.addIssuer(issuer);
    await this.ensure('current', [issuer]);
    this.signer = await this.readSigner();
    await this.ensure('standby', this.signer.issuers);
  }

  /**
   * Compact JWS. The header's order makes every Keyport token begin alike, for secret scanners. MongoDB says each time which
   * key signs: another process may have rotated them, or revoked the one that this process knows, a moment ago.
   */
  async sign(typ: string, claims: Record<string, unknown>): Promise<string> {
    if ((await this.keys.currentKid()) !== this.loaded().kid) this.signer = await this.readSigner();
    const { kid, key } = this.loaded();
    return new SignJWT(claims).setProtectedHeader({ kid, typ, alg: signingAlgorithm }).sign(key);
  }

  /** True for every `iss` that this deployment has signed under. */
  isOwnIssuer(issuer: string): boolean {
    return this.loaded().issuers.includes(issuer);
  }

  /** Every `iss` that this deployment has signed under. */
  ownIssuers(): readonly string[] {
    return this.loaded().issuers;
  }

  private loaded(): Signer {
    if (!this.signer) throw new Error('no signing key is loaded');
    return this.signer;
  }

  private async ensure(state: 'current' | 'standby', issuers: readonly string[]): Promise<void> {
    if (await this.keys.inState(state)) return;
    const made = await this.maker.make(state, issuers);
    if (await this.keys.insertOnly(made)) this.logger.log(`made the signing key ${made._id} (${state})`);
  }

  private async readSigner(): Promise<Signer> {
    const current = await this.keys.inState('current');
    if (!current) throw new Error('there is no signing key: it was deleted from the database');
    return { kid: current._id, issuers: current.issuers, key: await this.maker.open(current) };
  }
}
