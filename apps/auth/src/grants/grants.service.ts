import { busAudience, maxGrantLifetimeSeconds, nowSeconds, tokenTypes, type Caller } from '@keyport/access';
import { KeyportError, type createGrant, type DatasetAction, type RequestOf } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { SigningKeysService } from '../signing-keys/signing-keys.service.ts';

/** Freezes a caller's rights on one dataset for a job that outlives their token. */
@Injectable()
export class GrantsService {
  constructor(
    private readonly signingKeys: SigningKeysService,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** Throws INSUFFICIENT_SCOPE where one of the actions is not held on that dataset. */
  async create(caller: Caller, { jobId, dataset, actions }: RequestOf<typeof createGrant>): Promise<string> {
    const { identity } = caller;
    // Else a job could renew its rights for ever.
    if (identity.jobId !== undefined) throw new KeyportError('CONTEXT_INVALID', { check: 'type' });
    for (const action of actions) caller.require(action as DatasetAction, dataset);
    const iat = nowSeconds();
    return this.signingKeys.sign(tokenTypes.grant, {
      iss: identity.issuer,
      sub: identity.subject,
      aud: busAudience,
      iat,
      exp: iat + maxGrantLifetimeSeconds,
      jti: jobId,
      src: identity.tokenId,
      scope: [...new Set(actions)].map((action) => `${action}:${dataset}`).join(' '),
      // The key and its ancestors go along, so that revoking one of them ends the job.
      ...(identity.keyId === undefined ? {} : { key: identity.keyId }),
      ...(identity.ancestors.length === 0 ? {} : { anc: identity.ancestors }),
    });
  }
}
