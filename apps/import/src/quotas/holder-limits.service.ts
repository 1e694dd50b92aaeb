import { publicKeyBehind, RightsView, type Caller } from '@keyport/access';
import type { UsageLimits } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';

/** What a holder may use; undefined: as much as they like. */
export interface ImportLimits {
  readonly importsPerDay: number | undefined;
  readonly importBytesPerDay: number | undefined;
  readonly concurrentImports: number;
}

/** Limits of whoever asks: those set on their key or public key, and what is not set there by the deployment's defaults. */
@Injectable()
export class HolderLimits {
  constructor(
    private readonly rights: RightsView,
    @Inject(IMPORT_CONFIG) private readonly config: ImportConfig,
  ) {}

  of(caller: Caller): ImportLimits {
    const own = this.ownOf(caller);
    return {
      importsPerDay: own?.importsPerDay ?? this.config.KEYPORT_IMPORTS_PER_DAY,
      importBytesPerDay: own?.importBytesPerDay ?? this.config.KEYPORT_IMPORT_BYTES_PER_DAY,
      concurrentImports: own?.concurrentImports ?? this.config.KEYPORT_CONCURRENT_IMPORTS,
    };
  }

  private ownOf({ identity }: Caller): UsageLimits | undefined {
    const { keyId } = identity;
    const publicKeyId = publicKeyBehind(identity);
    const ofKey = keyId === undefined ? undefined : this.rights.key(keyId)?.limits;
    return ofKey ?? (publicKeyId === undefined ? undefined : this.rights.publicKey(publicKeyId)?.limits);
  }
}
