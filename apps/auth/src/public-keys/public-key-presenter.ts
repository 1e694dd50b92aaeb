import type { getPublicKey, ReplyOf } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import type { PublicKey } from './public-key.model.ts';

/** A public key as callers see it, with what a token signed with it must say. */
@Injectable()
export class PublicKeyPresenter {
  constructor(@Inject(AUTH_CONFIG) private readonly config: AuthConfig) {}

  present(key: PublicKey): ReplyOf<typeof getPublicKey> {
    return {
      id: key._id,
      owner: key.userId,
      name: key.name,
      kid: key.jwk.kid,
      issuer: key.issuer,
      subject: key.userId,
      audience: this.config.KEYPORT_PUBLIC_URL,
      alg: key.jwk.alg,
      jwk: { ...key.jwk },
      scopes: [...key.scopes],
      maxLifetimeSeconds: key.maxLifetimeSeconds,
      limits: key.limits,
      createdAt: key.createdAt.toISOString(),
      expiresAt: key.expiresAt?.toISOString() ?? null,
      revokedAt: key.revokedAt?.toISOString() ?? null,
    };
  }
}
