import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  eventually,
  signedInUser,
  TestStack,
  type KeyportClient,
  type Problem,
  type SignedInUser,
} from '@keyport/testing';
import type * as oauth from 'oauth4webapi';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { isBrowserDeclined, startBrowser } from './browser.ts';
import { Screen } from './device-screen.ts';
import { faultsOf } from './page-faults.ts';

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
if (isBrowserDeclined) process.stderr.write('\nKEYPORT_CHROMIUM=none: the page of the device flow is NOT tested.\n');

const describeInBrowser = isBrowserDeclined ? describe.skip : describe;

describeInBrowser('The page of the device flow, in Chromium,', () => {
  let stack: TestStack;
  let owner: KeyportClient;
  let person: SignedInUser;
  let clientId: string;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  /** What the page asked for, and what it complained of. */
  let requested: string[];
  let complaints: string[];

  beforeAll(async () => {
    stack = await TestStack.start();
    owner = stack.client;
    await owner.putDataset('orders');
    person = await signedInUser(owner, { scopes: ['records:read:orders'] });
    clientId = await newClient('Hall <b>display</b>');
    browser = await startBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  });

  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
    page.setDefaultTimeout(150_000);
    [requested, complaints] = [[], []];
    page.on('request', (request) => requested.push(request.url()));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
  });

  afterEach(() => context.close());

  async function newClient(name: string): Promise<string> {
    const json = {
      ...{ name, authentication: 'none', grants: [deviceGrant, 'refresh_token'] },
      scopes: ['records:read:orders', 'records:create:orders'],
    };
    return (await owner.ok<{ client: { id: string } }>('/v1/clients', { method: 'POST', json })).client.id;
  }

  const heading = () => page.getByRole('heading', { level: 1 });
  const problem = () => page.getByRole('alert');

  async function signIn(password = person.password): Promise<void> {
    await page.getByLabel('Email').fill(person.email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Continue' }).click();
  }

  async function untilHeading(text: string): Promise<void> {
    await page.getByRole('heading', { level: 1, name: text }).waitFor();
  }

  it('lets in a screen without a keyboard: it shows a code, a person allows it on their phone, it has its rights', async () => {
    const screen = await Screen.showing(stack, clientId, 'records:read:orders');
    const waiting = await screen.poll();
    const [login] = [page.waitForResponse((response) => response.url().endsWith('/v1/auth/login'))];

    await page.goto(String(screen.asked.verification_uri_complete));
    await signIn();
    await untilHeading('Allow Hall <b>display</b>?');
    const consent = await page.getByRole('region').innerText();
    await page.getByRole('button', { name: 'Allow' }).click();
    await untilHeading('Device signed in');
    const tokens = await screen.poll();

    expect(waiting).toBe('authorization_pending');
    expect(consent).toContain(screen.asked.user_code);
    expect(consent).toContain(person.email);
    expect(consent).toContain('records:read:orders');
    expect(tokens).toMatchObject({ token_type: 'bearer', scope: 'records:read:orders' });
    const device = owner.with((tokens as oauth.TokenEndpointResponse).access_token);
    expect((await device.request('/v1/datasets/orders/records')).status).toBe(200);
    expect((await device.request<Problem>('/v1/datasets/orders')).body.code).toBe('INSUFFICIENT_SCOPE');
    // The page's own sign-in has ended; it reached nobody else, kept nothing and broke no rule.
    const { accessToken } = (await (await login).json()) as { accessToken: string };
    const pagesToken = await eventually(
      () => owner.with(accessToken).request<Problem>('/v1/auth/me'),
      ({ status }) => status === 401,
    );
    expect(pagesToken.body.code).toBe('TOKEN_REVOKED');
    expect(requested.every((url) => url.startsWith(`${stack.gatewayUrl}/`) || url.includes('/favicon.ico'))).toBe(true);
    expect(await context.cookies()).toEqual([]);
    expect(await page.evaluate('[localStorage.length, sessionStorage.length]')).toEqual([0, 0]);
    expect(complaints.filter((text) => !text.includes('404'))).toEqual([]);
  });

  it('is used with a keyboard alone, and takes a code as people type it', async () => {
    const screen = await Screen.showing(stack, clientId, 'records:read:orders');
    /** Where the focus is, once it is there. */
    const focusOn = (id: string) =>
      eventually(
        () => page.evaluate('document.activeElement?.id'),
        (focused) => focused === id,
      );

    await page.goto(screen.asked.verification_uri);
    const first = await focusOn('code');
    await page.keyboard.type(screen.asked.user_code.toLowerCase().replace('-', ' '));
    await page.keyboard.press('Tab');
    await page.keyboard.type(person.email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(person.password);
    await page.keyboard.press('Enter');
    await untilHeading('Allow Hall <b>display</b>?');
    const second = await focusOn('heading');
    await page.keyboard.press('Tab');
    const third = await focusOn('allow');
    await page.keyboard.press('Enter');
    await untilHeading('Device signed in');

    expect([first, second, third]).toEqual(['code', 'heading', 'allow']);
    expect(await screen.poll()).toHaveProperty('refresh_token');
  });

  it('says what is wrong and lets it be mended: a password, a code', async () => {
    const screen = await Screen.showing(stack, clientId, 'records:read:orders');
    await page.goto(screen.asked.verification_uri);
    await page.getByLabel('Code').fill('ZZZZ-ZZZZ');

    await signIn('not the password');
    await problem().waitFor();
    const first = await problem().innerText();
    await signIn();
    await page.getByText('No device waits with this code').waitFor();
    const asksAgain = await page.getByLabel('Password').isVisible();
    await page.getByLabel('Code').fill(screen.asked.user_code);
    await page.getByRole('button', { name: 'Continue' }).click();
    await untilHeading('Allow Hall <b>display</b>?');

    expect(first).toBe('The email or the password is wrong.');
    expect(asksAgain).toBe(false);
    expect(await problem().isVisible()).toBe(false);
  });

  it('shows what the person cannot give, and gives the rest', async () => {
    const screen = await Screen.showing(stack, clientId, 'records:read:orders records:create:orders');
    await page.goto(String(screen.asked.verification_uri_complete));

    await signIn();
    await untilHeading('Allow Hall <b>display</b>?');
    const lists = await page.getByRole('list').allInnerTexts();
    await page.getByRole('button', { name: 'Allow' }).click();
    await untilHeading('Device signed in');

    expect(lists).toEqual(['records:read:orders', 'records:create:orders']);
    expect(await screen.poll()).toMatchObject({ scope: 'records:read:orders' });
  });

  it('refuses a device, which is told so', async () => {
    const screen = await Screen.showing(stack, clientId, 'records:read:orders');
    await page.goto(String(screen.asked.verification_uri_complete));
    await signIn();
    await untilHeading('Allow Hall <b>display</b>?');

    await page.getByRole('button', { name: 'Refuse' }).click();
    await untilHeading('Device refused');

    expect(await screen.poll()).toBe('access_denied');
  });

  it('ends its sign-in where the person leaves without deciding', async () => {
    const screen = await Screen.showing(stack, clientId, 'records:read:orders');
    const login = page.waitForResponse((response) => response.url().endsWith('/v1/auth/login'));
    await page.goto(String(screen.asked.verification_uri_complete));
    await signIn();
    await untilHeading('Allow Hall <b>display</b>?');
    const { accessToken } = (await (await login).json()) as { accessToken: string };

    await page.goto('about:blank');

    const after = await eventually(
      () => owner.with(accessToken).request('/v1/auth/me'),
      ({ status }) => status === 401,
    );
    expect(after.status).toBe(401);
    expect(await screen.poll()).toBe('authorization_pending');
  });

  it('takes what is told of a client for text, and runs no script but its own', async () => {
    const name = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>';
    const screen = await Screen.showing(stack, await newClient(name), 'records:read:orders');
    await page.goto(String(screen.asked.verification_uri_complete));
    await signIn();
    await untilHeading(`Allow ${name}?`);

    const attempts = await page.evaluate(`
      const outcomeOf = (act) => {
        try {
          act();
          return 'taken';
        } catch ({ message }) {
          return message.includes('TrustedScript') ? 'refused' : message;
        }
      };
      [
        outcomeOf(() => document.createElement('script').append('window.broken = 1')),
        outcomeOf(() => Object.assign(document.createElement('script'), { textContent: 'window.broken = 1' })),
        outcomeOf(() => document.body.setAttribute('onclick', 'window.broken = 1')),
      ];
    `);
    const unmarked = await page.evaluate(`
      const script = document.createElement('script');
      script.append('window.broken = 1');
      document.body.append(script);
      window.broken;
    `);

    // A script that is put together from text nodes is taken, and does not run.
    expect(attempts).toEqual(['taken', 'refused', 'refused']);
    expect(unmarked).toBeUndefined();
    expect(await page.locator('img').count()).toBe(0);
  });

  it('cannot be framed by another site', async () => {
    const evil = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(`<iframe id="framed" src="${stack.gatewayUrl}/device"></iframe>`);
    });
    const url = await listening(evil);

    await page.goto(url);
    const refused = await eventually(
      () => complaints.find((text) => /frame-ancestors|X-Frame-Options/.test(text)),
      (complaint) => complaint !== undefined,
    );
    const framed = page.frames().find((frame) => frame !== page.mainFrame());

    expect(refused).toContain('frame');
    expect(await framed?.locator('form').count()).toBe(0);
    evil.close();
  });

  it.each(['light', 'dark'] as const)(
    'has no fault that axe finds, before and after signing in (%s)',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      const screen = await Screen.showing(stack, clientId, 'records:read:orders records:create:orders');
      await page.goto(String(screen.asked.verification_uri_complete));
      const before = await faultsOf(page);
      await signIn();
      await untilHeading('Allow Hall <b>display</b>?');

      expect([before, await faultsOf(page)]).toEqual([[], []]);
      expect(await heading().count()).toBe(1);
    },
  );
});

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
