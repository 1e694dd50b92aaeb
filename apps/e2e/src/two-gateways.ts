import { afterAll, beforeAll } from '@jest/globals';
import { KeyportClient, TestStack } from '@keyport/testing';

// What a file of tests has for itself, set by the hooks of `withTwoGateways`.
export let stack: TestStack;
export let owner: KeyportClient;
/** One client a gateway, without a token. */
export let gateways: readonly KeyportClient[];

/** Two gateways, and these datasets; `env` is further environment of all apps. */
export function withTwoGateways(datasets: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  beforeAll(async () => {
    stack = await TestStack.start({ replicas: 'gateway=2', env });
    owner = stack.client;
    gateways = (await stack.describe()).gatewayUrls.map((url) => new KeyportClient(url, undefined));
    for (const name of datasets) await owner.putDataset(name);
  });

  afterAll(() => stack?.stop());
}
