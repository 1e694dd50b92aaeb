import { randomUUID, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buckets, type Export, type Import } from '@keyport/contracts';
import {
  compactJws,
  DpopKey,
  es256,
  eventually,
  jsonOfPart,
  KeyportClient,
  partsOf,
  TestStack,
  outcomeOf,
  type Problem,
  type Reply,
} from '@keyport/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Upload } from 'tus-js-client';
import { ownSigningKey } from './own-signing-key.ts';

const ndjson = 'application/x-ndjson';

const base64 = (text: string) => Buffer.from(text).toString('base64');

async function deleteBucket(stack: TestStack, name: string): Promise<void> {
  const { username, password, host } = new URL((await stack.describe()).natsUrls['admin-auth']);
  const credentials = { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  const bus = await connect({ servers: host, ...credentials, inboxPrefix: '_INBOX.admin' });
  await (await jetstreamManager(bus, { checkAPI: false })).streams.delete(`KV_${name}`);
  await bus.close();
}

/** The owner's rights, bound to a key. */
function boundToken(owner: string, ownKey: KeyObject, key: DpopKey): string {
  const [header, payload] = partsOf(owner).map((part, at) => (at < 2 ? jsonOfPart(part) : {}));
  const claims = { ...payload, jti: randomUUID(), cnf: { jkt: key.thumbprint } };
  return compactJws(JSON.stringify(header), JSON.stringify(claims), es256(ownKey));
}

/** A device: it sends each request with a proof for the public address, wherever it sends it. */
class Device {
  readonly key = new DpopKey();
  readonly token: string;

  constructor(
    private readonly publicUrl: string,
    owner: string,
    ownKey: KeyObject,
  ) {
    this.token = boundToken(owner, ownKey, this.key);
  }

  headers(path: string, method = 'GET'): Record<string, string> {
    return this.key.headers({ method, url: this.publicUrl + path, token: this.token });
  }

  ask<Body = Problem>(
    gateway: string,
    path = '/v1/auth/me',
    { headers = {}, method = 'GET', ...init }: NonNullable<Parameters<KeyportClient['request']>[1]> = {},
  ): Promise<Reply<Body>> {
    const proven = { ...this.headers(path, method), ...headers };
    return new KeyportClient(gateway, undefined).request<Body>(path, { ...init, method, headers: proven });
  }
}

describe('A token that is bound to the key of a device (RFC 9449)', () => {
  let stack: TestStack;
  let ownKey: KeyObject;
  let gateways: readonly string[];

  beforeAll(async () => {
    stack = await TestStack.start({ replicas: 'gateway=2' });
    ownKey = await ownSigningKey(stack);
    gateways = (await stack.describe()).gatewayUrls;
    await stack.client.putDataset('orders');
  });

  afterAll(() => stack?.stop());

  const newDevice = () => new Device(stack.gatewayUrl, stack.owner.token, ownKey);
  const gateway = (at: number) => gateways[at] as string;

  it('is good at every gateway, with a new proof for each request', async () => {
    const device = newDevice();

    const answers = await Promise.all([0, 1, 0, 1].map((at) => device.ask(gateway(at))));

    expect(answers.map(outcomeOf)).toEqual([[200], [200], [200], [200]]);
  });

  it('is refused by every other gateway with a proof that one has seen', async () => {
    const device = newDevice();
    const headers = device.headers('/v1/auth/me');
    const shown = (at: number) =>
      new KeyportClient(gateway(at), undefined).request<Problem>('/v1/auth/me', { headers });

    const [first, second, third] = [await shown(0), await shown(1), await shown(0)];

    expect([first, second, third].map(outcomeOf)).toEqual([
      [200],
      [401, 'DPOP_PROOF_INVALID'],
      [401, 'DPOP_PROOF_INVALID'],
    ]);
    expect(second.body.detail).toContain('"replay"');
  });

  it('lets one of forty requests through that show the same proof to both gateways at once', async () => {
    const headers = newDevice().headers('/v1/auth/me');

    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        new KeyportClient(gateway(at % 2), undefined).request<Problem>('/v1/auth/me', { headers }),
      ),
    );

    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'DPOP_PROOF_INVALID')).toHaveLength(39);
  });

  it('is of no use to who has the token alone, at any gateway', async () => {
    const { token } = newDevice();
    const thief = new DpopKey();

    const attempts = await Promise.all(
      gateways.flatMap((url) => [
        new KeyportClient(url, token).request<Problem>('/v1/auth/me'),
        new KeyportClient(url, undefined).request<Problem>('/v1/auth/me', {
          headers: thief.headers({ url: `${stack.gatewayUrl}/v1/auth/me`, token }),
        }),
      ]),
    );

    expect(attempts.map(outcomeOf)).toEqual([
      [401, 'TOKEN_INVALID'],
      [401, 'DPOP_PROOF_INVALID'],
      [401, 'TOKEN_INVALID'],
      [401, 'DPOP_PROOF_INVALID'],
    ]);
    expect(attempts[0]?.headers.get('www-authenticate')).toMatch(/^DPoP .*error="invalid_token".*algs="ES256/);
  });

  it('imports, watches, exports and hands out a link that needs no proof', async () => {
    const device = newDevice();
    const imports = '/v1/datasets/orders/imports';
    const headers = { 'content-type': ndjson };

    const sent = await device.ask<Import>(gateway(1), imports, { method: 'POST', headers, body: '{"a":1}\n{"a":2}\n' });
    const events = await fetch(`${gateway(0)}/v1/imports/${sent.body.id}/events`, {
      headers: device.headers(`/v1/imports/${sent.body.id}/events`),
    });
    const told = await events.text();
    const asked = await device.ask<Export>(gateway(0), '/v1/datasets/orders/exports', { method: 'POST', json: {} });
    const exported = await eventually(
      () => device.ask<Export>(gateway(0), `/v1/exports/${asked.body.id}`),
      ({ body }) => body.state === 'completed',
    );
    const link = await device.ask<{ url: string }>(gateway(0), `/v1/exports/${exported.body.id}/link`, {
      method: 'POST',
      json: {},
    });
    const file = await fetch(new URL(link.body.url, gateway(1)));

    expect([sent.status, events.status, link.status, file.status]).toEqual([202, 200, 200, 200]);
    expect(told).toContain('"completed"');
    expect((await file.text()).trim().split('\n')).toHaveLength(2);
  });

  it('uploads with tus-js-client, which makes a proof for each of its requests', async () => {
    const device = newDevice();
    await stack.client.putDataset('bound-uploads');
    const file = Buffer.from(Array.from({ length: 5_000 }, (_, n) => `{"n":${n}}\n`).join(''));

    const uploaded = await new Promise<string>((resolve, reject) => {
      const upload = new Upload(file, {
        endpoint: `${stack.gatewayUrl}/v1/uploads`,
        metadata: { dataset: 'bound-uploads', filetype: ndjson },
        chunkSize: 16 * 1024,
        retryDelays: [],
        onBeforeRequest: (request) => {
          const url = new URL(request.getURL());
          for (const [name, value] of Object.entries(device.headers(url.pathname, request.getMethod())))
            request.setHeader(name, value);
        },
        onSuccess: () => resolve(String(upload.url)),
        onError: reject,
      });
      upload.start();
    });

    const ended = await stack.client.importEnd(uploaded.split('/').at(-1) ?? '');
    expect(ended).toMatchObject({ state: 'completed', counts: { read: 5_000, inserted: 5_000 } });
  });

  it('keeps an event stream open on the proof that opened it, and ends it when it is revoked', async () => {
    const device = newDevice();
    // An import that waits for its upload: nothing but the token ends its events.
    const metadata = `dataset ${base64('orders')},filetype ${base64(ndjson)}`;
    const waiting = await stack.client.raw('/v1/uploads', {
      method: 'POST',
      headers: { 'tus-resumable': '1.0.0', 'upload-length': '100', 'upload-metadata': metadata },
    });
    const path = `/v1/imports/${waiting.headers.get('location')?.split('/').at(-1)}/events`;
    const events = await fetch(gateway(1) + path, { headers: device.headers(path) });
    const reader = events.body?.getReader();
    const first = await reader?.read();

    const { jti } = jsonOfPart(partsOf(device.token)[1]);
    const revoked = await stack.client.request('/v1/revocations', { method: 'POST', json: { jti } });
    // Whether it is ended or broken off: it ends.
    const end = await eventually(
      () =>
        reader?.read().then(
          ({ done }) => done,
          () => true,
        ),
      (isOver) => isOver === true,
    );

    expect([events.status, first?.done, revoked.status, end]).toEqual([200, false, 201, true]);
  });

  it('is refused while nobody can tell which proofs were shown; tokens that need none are not', async () => {
    const device = newDevice();
    await deleteBucket(stack, buckets.dpopProofs.name);

    const [bound, plain] = [await device.ask(gateway(0)), await stack.client.request<Problem>('/v1/auth/me')];

    expect([bound, plain].map(outcomeOf)).toEqual([[503, 'SERVICE_UNAVAILABLE'], [200]]);
    // Auth makes it again when it starts.
    await stack.kill('auth');
    await eventually(
      () => device.ask(gateway(0)),
      ({ status }) => status === 200,
    );
  });
});

describe('Behind a proxy that has another name and a path of its own, a proof', () => {
  const publicUrl = 'https://keyport.example/api';
  let stack: TestStack;
  let device: Device;

  beforeAll(async () => {
    stack = await TestStack.start({ env: { KEYPORT_PUBLIC_URL: publicUrl } });
    device = new Device(publicUrl, stack.owner.token, await ownSigningKey(stack));
  });

  afterAll(() => stack?.stop());

  it('is made for the public address', async () => {
    expect(outcomeOf(await device.ask(stack.gatewayUrl))).toEqual([200]);
  });

  it('is not good where it was made for the address that the proxy calls', async () => {
    const url = `${stack.gatewayUrl}/v1/auth/me`;
    const headers = device.key.headers({ url, token: device.token });

    const refused = await stack.client.with(undefined).request<Problem>('/v1/auth/me', { headers });

    expect(outcomeOf(refused)).toEqual([401, 'DPOP_PROOF_INVALID']);
    expect(refused.body.detail).toContain('"url"');
  });
});
