import {
  authorityClaims,
  busAudience,
  maxGrantLifetimeSeconds,
  narrowDetails,
  nowSeconds,
  tokenTypes,
  type Caller,
} from '@keyport/access';
import {
  KeyportError,
  type AuthorizationDetail,
  type createGrant,
  type DatasetAction,
  type RequestOf,
} from '@keyport/contracts';
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

  /** Throws INSUFFICIENT_SCOPE where one of the actions is not held on that dataset now. */
  async create(caller: Caller, { jobId, dataset, actions }: RequestOf<typeof createGrant>): Promise<string> {
    const { identity } = caller;
    // Else a job could renew its rights for ever.
    if (identity.jobId !== undefined) throw new KeyportError('CONTEXT_INVALID', { check: 'type' });
    for (const action of actions) caller.require(action as DatasetAction, dataset);
    const wanted = [...new Set(actions)];
    const details = detailsOn(caller, dataset, wanted);
    const iat = nowSeconds();
    return this.signingKeys.sign(tokenTypes.grant, {
      // Whom it stands for, and all that ends the token or cuts its rights, so that it ends and cuts the job too.
      ...authorityClaims(identity),
      aud: busAudience,
      iat,
      exp: iat + maxGrantLifetimeSeconds,
      jti: jobId,
      src: identity.tokenId,
      scope: wanted.map((action) => `${action}:${dataset}`).join(' '),
      ...(details && { authorization_details: details }),
    });
  }
}

/** What of the caller's details concerns the job; undefined where its rights are not narrowed. */
function detailsOn(
  { details }: Caller,
  dataset: string,
  actions: string[],
): readonly AuthorizationDetail[] | undefined {
  return details && narrowDetails(details, [{ type: 'keyport_dataset', datasets: [dataset], actions }]);
}
