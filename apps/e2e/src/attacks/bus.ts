import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import type { ServiceName } from '@keyport/contracts';
import { compactJws, es256, StackBus, whoHas, type Signer } from '@keyport/testing';
import type { Workshop } from './workshop.ts';

/** Claims of tokens on the bus. */
export const busAudience = 'keyport-bus';
export const contextType = 'keyport-context+jwt';
export const grantType = 'keyport-grant+jwt';

/**
 * What a program on the bus could have at best: the NATS user of any service, and contexts of callers. And what none but a
 * gateway has: a key that services know as a gateway's, so that each forgery is wrong in one point alone.
 */
export class Bus {
  private constructor(
    readonly workshop: Workshop,
    private readonly users: Readonly<Record<ServiceName, StackBus>>,
    private readonly kid: string,
    private readonly key: KeyObject,
  ) {}

  static async of(workshop: Workshop): Promise<Bus> {
    const { stack } = workshop;
    const connect = (service: ServiceName) => StackBus.as(stack, service);
    const users = {
      gateway: await connect('gateway'),
      auth: await connect('auth'),
      import: await connect('import'),
      export: await connect('export'),
      records: await connect('records'),
    };
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const kid = `gateway-${randomUUID()}`;
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256' };
    await users.gateway.connection.request(`$KV.context-keys.${kid}`, JSON.stringify({ jwk }));
    return new Bus(workshop, users, kid, privateKey);
  }

  as(service: ServiceName): StackBus {
    return this.users[service];
  }

  get bySelf(): Signer {
    return es256(this.key);
  }

  /** A caller context in the name of the holder of a token, with these changes; the victim's unless told. */
  context(
    claims: Readonly<Record<string, unknown>> = {},
    header: Readonly<Record<string, unknown>> = {},
    sign: Signer = this.bySelf,
    token = this.workshop.victim.token ?? '',
  ): string {
    const iat = Math.floor(Date.now() / 1000);
    return compactJws(
      JSON.stringify({ kid: this.kid, typ: contextType, alg: 'ES256', ...header }),
      JSON.stringify({ ...whoHas(token), aud: busAudience, iat, exp: iat + 60, ...claims }),
      sign,
    );
  }

  contextOf(token: string | undefined, claims: Readonly<Record<string, unknown>> = {}): string {
    return this.context(claims, {}, this.bySelf, token);
  }

  /** A job grant as auth signs it: the victim's right to read `orders`. */
  grant(claims: Readonly<Record<string, unknown>> = {}, header: Readonly<Record<string, unknown>> = {}): string {
    const { jti, ...who } = whoHas(this.workshop.victim.token ?? '');
    const frozen = { ...who, src: jti, jti: '00000000000000aa', scope: 'records:read:orders' };
    return this.context(
      { ...frozen, exp: Math.floor(Date.now() / 1000) + 3600, ...claims },
      { kid: this.workshop.header.kid, typ: grantType, ...header },
      this.workshop.bySelf,
    );
  }

  async stop(): Promise<void> {
    for (const user of Object.values(this.users)) await user.close();
  }
}
