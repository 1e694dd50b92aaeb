import { randomUUID } from 'node:crypto';
import {
  authorityClaims,
  fileAudience,
  narrowDetails,
  nowSeconds,
  RightsView,
  tokenTypes,
  type Caller,
} from '@keyport/access';
import { KeyportError, type ReplyOf, type RequestOf, type signFileLink } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { KeyMakersService } from '../keys/key-makers.service.ts';
import { SigningKeysService } from '../signing-keys/signing-keys.service.ts';
import { linkEnd } from './link-end.ts';

/** The rights that reading a file asks for, one or the other. */
const reading = ['exports:create', 'exports:read'] as const;

/** Signs tokens that are good for the file of one export (docs/adr/0018-links-to-files.md). */
@Injectable()
export class LinksService {
  constructor(
    private readonly signingKeys: SigningKeysService,
    private readonly makers: KeyMakersService,
    private readonly rights: RightsView,
  ) {}

  /** Throws INSUFFICIENT_SCOPE, and TOKEN_REVOKED where the caller's key has ended. */
  async sign(
    caller: Caller,
    { exportId, dataset, expiresInSeconds }: RequestOf<typeof signFileLink>,
  ): Promise<ReplyOf<typeof signFileLink>> {
    const { identity, details } = caller;
    // A job reads no files.
    if (identity.jobId !== undefined) throw new KeyportError('CONTEXT_INVALID', { check: 'type' });
    const actions = reading.filter((action) => caller.may(action, dataset));
    if (actions.length === 0) caller.require('exports:read', dataset);
    const { endsAt: keyEndsAt } = await this.makers.boundsOf(caller);
    const publicKey = identity.publicKeyId === undefined ? undefined : this.rights.publicKey(identity.publicKeyId);
    const issuer = identity.issuerId === undefined ? undefined : this.rights.issuer(identity.issuerId);
    const iat = nowSeconds();
    const exp = linkEnd(iat, { expiresInSeconds, keyEndsAt, publicKey, issuer });
    const wanted = [{ type: 'keyport_dataset' as const, datasets: [dataset], actions: [...actions] }];
    const token = await this.signingKeys.sign(tokenTypes.link, {
      // Whom it stands for, and all that ends the token or cuts its rights, so that it ends and cuts the link too.
      ...authorityClaims(identity),
      aud: fileAudience(exportId),
      iat,
      exp,
      jti: randomUUID(),
      src: identity.tokenId,
      scope: actions.map((action) => `${action}:${dataset}`).join(' '),
      ...(details && { authorization_details: narrowDetails(details, wanted) }),
    });
    return { token, expiresAt: new Date(exp * 1000).toISOString() };
  }
}
