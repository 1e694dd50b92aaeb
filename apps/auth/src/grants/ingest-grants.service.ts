import { randomUUID } from 'node:crypto';
import { busAudience, nowSeconds, tokenTypes } from '@keyport/access';
import { Inject, Injectable } from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { SigningKeysService } from '../signing-keys/signing-keys.service.ts';

const lifetimeSeconds = 3600;

/**
 * Grants for events that internal services publish. Whoever may publish on `ingest.v1.<dataset>` is decided by NATS, and
 * so is who may ask here: import alone. Hence the narrowest rights that do the work, on one dataset, for a short time.
 */
@Injectable()
export class IngestGrantsService {
  constructor(
    private readonly signingKeys: SigningKeysService,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  create(dataset: string): Promise<string> {
    const iat = nowSeconds();
    const jti = `ingest-${randomUUID()}`;
    return this.signingKeys.sign(tokenTypes.grant, {
      iss: this.config.KEYPORT_PUBLIC_URL,
      sub: 'service:import',
      aud: busAudience,
      iat,
      exp: iat + lifetimeSeconds,
      jti,
      src: jti,
      scope: ['create', 'update', 'delete'].map((action) => `records:${action}:${dataset}`).join(' '),
    });
  }
}
