import { randomBytes } from 'node:crypto';
import { KeyportError, type login, type ReplyOf, type RequestOf } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { AccessTokensService } from '../tokens/access-tokens.service.ts';
import { hashPassword, passwordMatches } from './passwords.ts';
import { scopesOfRole } from './roles.ts';
import { UsersRepository } from './users.repository.ts';

const sessionSeconds = 600;

@Injectable()
export class LoginService {
  /** Compared where there is no such user, so that the time taken does not tell. */
  private readonly nobodysHash = hashPassword(randomBytes(32).toString('base64url'));

  constructor(
    private readonly users: UsersRepository,
    private readonly tokens: AccessTokensService,
  ) {}

  /** Throws LOGIN_FAILED, the same for a wrong email and a wrong password. */
  async login({ email, password }: RequestOf<typeof login>): Promise<ReplyOf<typeof login>> {
    const user = await this.users.findByEmail(email);
    const matches = await passwordMatches(user?.passwordHash ?? (await this.nobodysHash), password);
    if (!user || !matches) throw new KeyportError('LOGIN_FAILED');
    const { token } = await this.tokens.mint({
      subject: user._id,
      scopes: scopesOfRole[user.role],
      lifetimeSeconds: sessionSeconds,
    });
    return { accessToken: token, tokenType: 'Bearer', expiresIn: sessionSeconds };
  }
}
