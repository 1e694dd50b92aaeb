import { beforeAll } from '@jest/globals';
import { refusedWithinASecond, type KeyportClient } from '@keyport/testing';
import { decodeJwt } from 'jose';
import { meOutcome } from './issuing.ts';
import { gateways, owner, withTwoGateways } from './two-gateways.ts';

export const read = 'records:read:orders';

/** Two gateways, and datasets `orders`, with two records, and `invoices`. */
export function withExchanges(): void {
  withTwoGateways(['orders', 'invoices'], { KEYPORT_ISSUER_NETWORKS: '127.0.0.0/8' });

  beforeAll(() => owner.imported('orders', 'application/x-ndjson', '{"region":"eu","a":1}\n{"region":"us","a":2}\n'));
}

export const statusesOn = async (token = '') =>
  Promise.all(gateways.map(async (gateway) => (await meOutcome(gateway.with(token)))[0]));
export const expectGone = async (...clients: KeyportClient[]) => {
  for (const client of clients) {
    for (const gateway of gateways) await refusedWithinASecond(gateway.with(client.token));
  }
};
export const rows = async (client: KeyportClient, dataset = 'orders') => {
  const { status, body } = await client.request<string>(`/v1/datasets/${dataset}/records`);
  return [status, status === 200 ? body.trim().split('\n').length : 0];
};
export const claimsOf = ({ token = '' }: KeyportClient) => decodeJwt(token);
