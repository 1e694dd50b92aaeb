import { createUser, listKeys, login, refreshSession, type ReplyOf, type RequestInput } from '@keyport/contracts';
import { codeOf, eventually, whoHas, type GatewayDouble, type Who } from '@keyport/testing';
import type { AuthSystem } from './auth-system.ts';

export type Session = ReplyOf<typeof login>;

const address = '127.0.0.1';

export interface Account {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly signIn: () => Promise<Session>;
}

/** Users of a deployment, and what their tokens are worth. */
export class People {
  private count = 0;

  private constructor(
    private readonly gateway: GatewayDouble,
    /** The first owner, by a session. */
    readonly owner: Who,
  ) {}

  static async of(system: AuthSystem, gateway: GatewayDouble): Promise<People> {
    const { email, password } = await system.ownerFile();
    return new People(gateway, whoHas((await gateway.ask(login, { email, password, address })).accessToken));
  }

  newEmail(): string {
    return `person-${(this.count += 1)}@example.org`;
  }

  /** A member without scopes unless told. */
  async account(request: Partial<RequestInput<typeof createUser>> = {}): Promise<Account> {
    const { email, password } = { email: this.newEmail(), password: 'correct horse battery' };
    const { user } = await this.gateway.ask(createUser, { email, password, ...request }, this.owner);
    return { id: user.id, email, password, signIn: () => this.gateway.ask(login, { email, password, address }) };
  }

  async signedIn(request: Partial<RequestInput<typeof createUser>> = {}) {
    const account = await this.account(request);
    const session = await account.signIn();
    return { ...account, session, who: whoHas(session.accessToken) };
  }

  /** `none` for whoever may list keys; else why not. */
  codeOfKeys(who: Who): Promise<string> {
    return codeOf(this.gateway.ask(listKeys, {}, who));
  }

  /** Of a session that ended: how its tokens are refused. */
  async refusalsOf({ accessToken, refreshToken }: Session): Promise<readonly [access: string, refresh: string]> {
    const access = await eventually(
      () => this.codeOfKeys(whoHas(accessToken)),
      (code) => code !== 'none',
    );
    return [access, await codeOf(this.gateway.ask(refreshSession, { refreshToken }))];
  }
}
