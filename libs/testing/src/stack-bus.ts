import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyportError, type RequestContract, type RequestInput, type ServiceName } from '@keyport/contracts';
import { BusHealth, connectBus, Requester } from '@keyport/messaging';
import type { NatsConnection } from '@nats-io/transport-node';
import { BusRefusals } from './bus-refusals.ts';
import type { TestStack } from './test-stack.ts';

/** The bus of a running stack as one of its programs sees it: with that program's own NATS user, and nothing verified. */
export class StackBus {
  private readonly refusals: BusRefusals;
  private readonly requester: Requester;

  private constructor(
    readonly connection: NatsConnection,
    service: ServiceName,
  ) {
    this.requester = new Requester(connection, service, new BusHealth(connection));
    this.refusals = new BusRefusals(connection);
  }

  static async as(stack: TestStack, service: ServiceName): Promise<StackBus> {
    const text = await readFile(join(stack.home, 'env', `${service}.env`), 'utf8');
    const env = Object.fromEntries(text.split('\n').map((line) => [nameOf(line), valueOf(line)]));
    const { NATS_URL: url = '', NATS_USER: user, NATS_PASSWORD: password } = env;
    return new StackBus(await connectBus({ service, url, user, password }), service);
  }

  /** Code of the error that the request ends with, and the check that refused the caller; `none` where it is answered. */
  async ask<C extends RequestContract>(contract: C, request: RequestInput<C>, authority?: string): Promise<string> {
    try {
      await this.requester.request(contract, request, authority === undefined ? {} : { authority });
      return 'none';
    } catch (error) {
      if (!(error instanceof KeyportError)) throw error;
      return [error.code, error.params.check].filter((word) => word !== undefined).join(' ');
    }
  }

  /** Name of the error with which the server refuses the message; `none` where it takes it. */
  publish(subject: string, data = '{}'): Promise<string> {
    return this.refusals.publish(subject, data);
  }

  /** Name of the error with which the server refuses the subscription; `none` where it takes it. */
  subscribe(subject: string): Promise<string> {
    return this.refusals.subscribe(subject);
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}

const nameOf = (line: string) => line.slice(0, line.indexOf('='));
const valueOf = (line: string) => line.slice(line.indexOf('=') + 1).replace(/^["']|["']$/g, '');
