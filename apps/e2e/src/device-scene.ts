import { afterAll, beforeAll, expect } from '@jest/globals';
import {
  eventually,
  outcomeOf,
  signedInUser,
  TestStack,
  type KeyportClient,
  type Problem,
  type SignedInUser,
} from '@keyport/testing';
import { registerClient, sendForm } from './oauth-client.ts';

export const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
export const scopes = ['records:read:orders', 'records:create:orders'];

// What a file of tests has for itself, set by the hooks of `withDevices`.
export let stack: TestStack;
export let owner: KeyportClient;
/** Who may let devices in. */
export let person: SignedInUser;
/** Of devices. */
export let clientId: string;

/** Two gateways, a dataset `orders`, a person and a client. */
export function withDevices(): void {
  beforeAll(async () => {
    stack = await TestStack.start({ replicas: 'gateway=2' });
    owner = stack.client;
    await owner.putDataset('orders');
    person = await signedInUser(owner, { scopes });
    clientId = await newClient();
  });

  afterAll(() => stack?.stop());
}

export async function newClient(
  change: { scopes?: readonly string[]; grants?: readonly string[]; name?: string } = {},
) {
  const wanted = { name: 'Screen', authentication: 'none', grants: [deviceGrant, 'refresh_token'], scopes, ...change };
  return (await registerClient(owner, wanted)).client.id;
}

export const decide = (by: SignedInUser, userCode: string, approve = true) =>
  by.client.request<Problem>('/v1/auth/device', { method: 'POST', json: { userCode, approve } });

/** As the page does: anybody may, who signed in. */
export async function approved(by: SignedInUser, userCode: string): Promise<void> {
  expect(outcomeOf(await decide(by, userCode))).toEqual([200]);
}

export const codesFor = async (client: string, scope?: string) =>
  (await sendForm(owner, '/oauth/device_authorization', { client_id: client, ...(scope && { scope }) })).body as {
    device_code: string;
    user_code: string;
  };

export const poll = (client: string, deviceCode: string) =>
  sendForm(owner, '/oauth/token', { client_id: client, grant_type: deviceGrant, device_code: deviceCode });

/** A device that the person let in, with its first tokens. */
export async function device(by: SignedInUser, client = clientId) {
  const asked = await codesFor(client);
  await approved(by, asked.user_code);
  const { body } = await poll(client, asked.device_code);
  return { ...asked, token: String(body.access_token), refreshToken: String(body.refresh_token) };
}

export const untilRefused = (token: string) =>
  eventually(
    () => owner.with(token).request<Problem>('/v1/auth/me'),
    ({ status }) => status === 401,
  );
