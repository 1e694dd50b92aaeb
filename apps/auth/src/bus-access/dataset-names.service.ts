import { randomUUID } from 'node:crypto';
import { busAudience, nowSeconds, SharedWork, tokenTypes } from '@keyport/access';
import { listDatasets } from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { Inject, Injectable } from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { SigningKeysService } from '../signing-keys/signing-keys.service.ts';

const lifetimeSeconds = 60;
const pageSize = 1_000;

/** Names of the datasets that there are, from records. */
@Injectable()
export class DatasetNamesService {
  private readonly asking = new SharedWork<readonly string[]>();

  constructor(
    private readonly signingKeys: SigningKeysService,
    private readonly requester: Requester,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** Those who ask at once are answered with one list. */
  all(): Promise<readonly string[]> {
    return this.asking.share('all', async () => {
      const authority = await this.grant();
      const names: string[] = [];
      for (let cursor: string | undefined; ;) {
        const page = await this.requester.request(
          listDatasets,
          { limit: pageSize, ...(cursor !== undefined && { cursor }) },
          { authority, retryForMs: 1_000 },
        );
        names.push(...page.items.map(({ name }) => name));
        if (page.next === null) return names;
        cursor = page.next;
      }
    });
  }

  private grant(): Promise<string> {
    const iat = nowSeconds();
    const jti = `datasets-${randomUUID()}`;
    return this.signingKeys.sign(tokenTypes.grant, {
      ...{ iss: this.config.KEYPORT_PUBLIC_URL, sub: 'service:auth', aud: busAudience },
      ...{ iat, exp: iat + lifetimeSeconds, jti, src: jti, scope: 'datasets:read:*' },
    });
  }
}
