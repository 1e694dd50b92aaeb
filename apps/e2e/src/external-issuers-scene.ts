import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import { eventually, KeyportClient, refusedWithinASecond, TestStack } from '@keyport/testing';
import { CompanyProvider } from './company-provider.ts';
import { meOutcome, registerIssuer, type Issuer } from './issuing.ts';

export type Claims = Readonly<Record<string, unknown>>;

// What a file of tests has for itself, set by the hooks of `withCompany`.
export let owner: KeyportClient;
export let gateways: readonly KeyportClient[];
/** Another one for each test. */
export let company: CompanyProvider;
/** Once the test has registered it. */
export let registered: Issuer;

/** Two gateways, datasets `orders` and `invoices`, and for each test a provider that it may register. */
export function withCompany(): void {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await TestStack.start({
      replicas: 'gateway=2',
      // No key set is fetched ahead of need meanwhile: each one is fetched for what a test does.
      env: {
        KEYPORT_ISSUER_NETWORKS: '127.0.0.0/8',
        KEYPORT_ISSUER_REST_SECONDS: '1',
        KEYPORT_ISSUER_REFRESH_SECONDS: '3600',
      },
    });
    owner = stack.client;
    gateways = (await stack.describe()).gatewayUrls.map((url) => new KeyportClient(url, undefined));
    for (const name of ['orders', 'invoices']) await owner.putDataset(name);
    await owner.imported('orders', 'application/x-ndjson', '{"_id":"one","a":1}\n');
  });

  afterAll(() => stack?.stop());

  beforeEach(async () => {
    company = await CompanyProvider.start();
  });

  afterEach(async () => {
    await owner.request(`/v1/issuers/${registered.id}`, { method: 'DELETE' });
    await company.down();
  });
}

export const register = async (more: object = {}) => {
  registered = await registerIssuer(owner, company, more);
};
export const onEach = (token: string) => Promise.all(gateways.map((gateway) => meOutcome(gateway.with(token))));
export const good = [[200], [200]];
/** What a gateway was not asked to change it may hear of a moment later. */
export const goodOnEach = async (token: string) => {
  expect(
    await eventually(
      () => onEach(token),
      (outcomes) => isDeepStrictEqual(outcomes, good),
    ),
  ).toEqual(good);
};
export const refusedOnEach = async (token: string) => {
  for (const gateway of gateways) await refusedWithinASecond(gateway.with(token));
};
export const read = async (client: KeyportClient, dataset: string) =>
  (await client.request(`/v1/datasets/${dataset}/records`)).status;
export const put = async (client: KeyportClient) =>
  (await client.request('/v1/datasets/orders/records/one', { method: 'PUT', json: { _id: 'one', a: 2 } })).status;
export const change = (json: object) => owner.ok(`/v1/issuers/${registered.id}`, { method: 'PATCH', json });
