import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Types } from 'mongoose';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { writePrivateFile } from '../home/private-file.ts';
import { newKey } from '../keys/key.model.ts';
import { Sealer } from '../signing-keys/sealer.ts';
import { AccessTokensService } from '../tokens/access-tokens.service.ts';
import { OwnerRepository } from './owner.repository.ts';
import { hashPassword } from './passwords.ts';
import { scopesOfRole } from './roles.ts';
import { newUser } from './user.model.ts';
import { UsersRepository } from './users.repository.ts';

const ownerEmail = 'owner@keyport.local';

/**
 * Makes the first owner. MongoDB decides who was first: one transaction stores the user, the key and, encrypted, the
 * text of `owner.json`. The file is written from what is stored and only then forgotten there, so that a process that
 * dies in between, or two that start together, leave the same file.
 */
@Injectable()
export class OwnerService {
  private readonly logger = new Logger(OwnerService.name);

  constructor(
    private readonly owners: OwnerRepository,
    private readonly users: UsersRepository,
    private readonly tokens: AccessTokensService,
    private readonly sealer: Sealer,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  async ensure(): Promise<void> {
    const { KEYPORT_HOME: home } = this.config;
    if (!(await this.users.hasOwner())) await (home === undefined ? this.makeConfigured() : this.makeWithFile());
    if (home !== undefined) await this.writeFile(join(home, 'owner.json'));
  }

  /** A deployment without a home folder has nowhere to write a secret to: the operator gives the password. */
  private async makeConfigured(): Promise<void> {
    const { KEYPORT_OWNER_PASSWORD: password } = this.config;
    if (password === undefined) {
      throw new Error('KEYPORT_OWNER_PASSWORD is needed for the first start where KEYPORT_HOME is not set');
    }
    await this.owners.insertFirst(await this.newOwner(new Types.ObjectId().toHexString(), password, null), undefined);
  }

  private async makeWithFile(): Promise<void> {
    const password = this.config.KEYPORT_OWNER_PASSWORD ?? randomBytes(24).toString('base64url');
    const userId = new Types.ObjectId().toHexString();
    const keyId = new Types.ObjectId().toHexString();
    const scopes = scopesOfRole.owner;
    const lifetimeSeconds = this.config.KEYPORT_KEY_MAX_SECONDS;
    const { token, tokenId, signedBy, issuedAt, expiresAt } = await this.tokens.mint({
      subject: userId,
      scopes,
      lifetimeSeconds,
      keyId,
    });
    const text = `${JSON.stringify({ email: ownerEmail, password, token }, null, 2)}\n`;
    await this.owners.insertFirst(
      await this.newOwner(userId, password, this.sealer.seal(text, `owner file of ${userId}`)),
      newKey({
        _id: keyId,
        userId,
        name: 'owner',
        scopes,
        tokenId,
        signedBy,
        ancestors: [],
        createdAt: issuedAt,
        expiresAt,
      }),
    );
  }

  private async newOwner(userId: string, password: string, sealedOwnerFile: string | null) {
    const passwordHash = await hashPassword(password);
    return newUser({ _id: userId, email: ownerEmail, role: 'owner', passwordHash, sealedOwnerFile });
  }

  private async writeFile(path: string): Promise<void> {
    const owner = await this.users.ownerWithUnwrittenFile();
    if (!owner) return;
    await writePrivateFile(path, this.sealer.open(owner.sealedOwnerFile, `owner file of ${owner._id}`));
    await this.users.forgetOwnerFile(owner._id);
    this.logger.log(`wrote the owner's password and key to ${path}`);
  }
}
