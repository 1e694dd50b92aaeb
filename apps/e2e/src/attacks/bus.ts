import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { streams, type ServiceName, type ToolUser } from '@keyport/contracts';
import { BusRefusals, compactJws, connectPublisher, es256, StackBus, whoHas, type Signer } from '@keyport/testing';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats, type NatsConnection } from '@nats-io/transport-node';
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
    private readonly publisher: NatsConnection,
    /** Whoever connects with a key that may publish events to `orders`. */
    readonly asPublisher: BusRefusals,
    private readonly natsAddress: string,
    private readonly tools: Readonly<Record<'auth' | 'import', NatsConnection>>,
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
    const { natsAddress, natsUrls } = await stack.describe();
    const { token = '' } = await workshop.owner.minted('events:publish:orders');
    const connectTool = async (user: ToolUser) => {
      const { username, password } = new URL(natsUrls[user]);
      return connectNats({ servers: natsAddress, user: username, pass: decodeURIComponent(password) });
    };
    const tools = { auth: await connectTool('admin-auth'), import: await connectTool('admin-import') };
    const publisher = await connectPublisher(natsAddress, token);
    const asPublisher = new BusRefusals(publisher);
    return new Bus(workshop, users, kid, privateKey, publisher, asPublisher, natsAddress, tools);
  }

  /** Name of the error with which nats-server refuses who connects so; `none` where it does not. */
  async connectWith(token: string, options: { user?: string; pass?: string } = {}): Promise<string> {
    try {
      const connection = await connectPublisher(this.natsAddress, token, { reconnect: false, ...options });
      await connection.close();
      return 'none';
    } catch (error) {
      return (error as Error).name;
    }
  }

  /** What arrives on `subject`, in `stream`, where a publisher names it as the one to be answered on. */
  async answeredOn(stream: string, subject: string): Promise<string> {
    await this.asPublisher.publish('ingest.v1.orders', '{}', subject);
    // Answers leave in order: the one before it has been sent too.
    await jetstream(this.publisher, { checkAPI: false }).publish('ingest.v1.orders', '{}', { timeout: 20_000 });
    return (await this.lastOn(stream, subject)) ?? 'nothing arrives';
  }

  /** What the stream holds under the subject, read by its owner's tools. */
  async lastOn(stream: string, subject: string): Promise<string | undefined> {
    const isOfImport = stream === streams.uploads.name || stream === streams.ingest.name;
    const manager = await jetstreamManager(this.tools[isOfImport ? 'import' : 'auth'], { checkAPI: false });
    const message = await manager.streams.getMessage(stream, { last_by_subj: subject }).catch(() => null);
    return message?.string();
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
    await this.publisher.close();
    for (const tool of Object.values(this.tools)) await tool.close();
    for (const user of Object.values(this.users)) await user.close();
  }
}
