import { changeUser, createUser, login, type Role } from '@keyport/contracts';
import { eventually, whoHas, type GatewayDouble, type Who } from '@keyport/testing';
import { RightsView } from '@keyport/access';
import type { AuthSystem } from './auth-system.ts';

const password = 'correct horse battery staple';
const signIn = { address: '127.0.0.1' };

/** The owner of a deployment and users that they make, each signed in. */
export class Team {
  private made = 0;

  private constructor(
    private readonly gateway: GatewayDouble,
    readonly owner: Who,
    private readonly rights: RightsView,
  ) {}

  static async of(system: AuthSystem, gateway: GatewayDouble): Promise<Team> {
    const owner = await system.ownerFile();
    const { accessToken } = await gateway.ask(login, { ...signIn, email: owner.email, password: owner.password });
    const bus = await system.servers.connectionOf('gateway');
    const rights = new RightsView(bus);
    rights.start();
    void bus.closed().then(() => rights.stop());
    return new Team(gateway, whoHas(accessToken), rights);
  }

  member(scopes: string[]): Promise<Who> {
    return this.join('member', scopes);
  }

  admin(): Promise<Who> {
    return this.join('admin');
  }

  anotherOwner(): Promise<Who> {
    return this.join('owner');
  }

  /** Resolves once whoever follows the bus knows. */
  async setScopes({ sub = '' }: Who, scopes: string[]): Promise<void> {
    await this.gateway.ask(changeUser, { userId: sub, scopes }, this.owner);
    await eventually(
      () => this.rights.user(sub)?.scopes.join(),
      (now) => now === scopes.join(),
    );
  }

  private async join(role: Role, scopes?: string[]): Promise<Who> {
    this.made += 1;
    const email = `user-${this.made}@keyport.example`;
    const request = { email, role, password, ...(scopes && { scopes }) };
    await this.gateway.ask(createUser, request, this.owner);
    const session = await this.gateway.ask(login, { ...signIn, email, password });
    return whoHas(session.accessToken);
  }
}
