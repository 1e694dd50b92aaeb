import { es256, jsonOfPart, partsOf, withinASecond, type KeyportClient, type Reply } from '@keyport/testing';
import { answeredBy, type HttpAttack } from '../attack.ts';
import type { Workshop } from '../workshop.ts';

const inAddresses = 'RFC 6750 §2.3, §5.3; CWE-598';
const ofAnotherKind = 'RFC 8725 §2.8, §3.11, §3.12';
const forged = 'RFC 8725 §3.2, §3.3; CWE-347';
const revoked = 'OWASP API2:2023; CWE-613';
const others = 'OWASP API1:2023; CWE-639';

interface LinkedFile {
  readonly id: string;
  /** What may read it, and made the link. */
  readonly maker: KeyportClient & { readonly keyId: string };
  readonly token: string;
}

/** A completed export of two records, and a link that a key with these scopes made to its file. */
async function linkedFile({ owner }: Workshop, ...scopes: string[]): Promise<LinkedFile> {
  const { id } = await owner.exported('orders');
  const maker = await owner.minted(...(scopes.length > 0 ? scopes : ['exports:read:orders']));
  const { url } = await maker.ok<{ url: string }>(`/v1/exports/${id}/link`, { method: 'POST', json: {} });
  return { id, maker, token: new URL(url).searchParams.get('token') ?? '' };
}

const shared = new WeakMap<Workshop, Promise<LinkedFile>>();

/** One that no attack ends. */
function goodLink(workshop: Workshop): Promise<LinkedFile> {
  const made = shared.get(workshop) ?? linkedFile(workshop);
  shared.set(workshop, made);
  return made;
}

const download = ({ owner }: Workshop, id: string, query: string): Promise<Reply> =>
  owner.with(undefined).request(`/v1/exports/${id}/download${query}`);

const withToken = async (workshop: Workshop, tokenOf: (link: LinkedFile) => string | Promise<string>) => {
  const link = await goodLink(workshop);
  return download(workshop, link.id, `?token=${await tokenOf(link)}`);
};

/** The good link with other words in it, signed by the deployment itself unless told. */
const remade =
  (header: object, claims: (good: Record<string, unknown>) => object, sign?: Parameters<Workshop['raw']>[2]) =>
  (workshop: Workshop) =>
    withToken(workshop, ({ token }) => {
      const [head = '', payload = ''] = partsOf(token);
      const good = jsonOfPart(payload);
      return workshop.raw(
        JSON.stringify({ ...jsonOfPart(head), ...header }),
        JSON.stringify({ ...good, ...claims(good) }),
        sign,
      );
    });

const now = () => Math.floor(Date.now() / 1000);

/** The answer once the link is refused: what ended it arrives within a second. */
const refusalOf = (workshop: Workshop, { id, token }: LinkedFile) =>
  withinASecond(
    () => download(workshop, id, `?token=${token}`),
    ({ status }) => status >= 400,
  );

export const linkAttacks: readonly HttpAttack[] = [
  ...answeredBy('401 TOKEN_MISSING', inAddresses, {
    'the file by the address of a link without its token': (workshop) => withToken(workshop, () => ''),
    'the token of a link twice': async (workshop) => {
      const { id, token } = await goodLink(workshop);
      return download(workshop, id, `?token=${token}&token=${token}`);
    },
    'the token of a link where the file is served to holders of keys': async (workshop) => {
      const { id, token } = await goodLink(workshop);
      return workshop.ask(undefined, `/v1/exports/${id}/file?token=${token}`);
    },
    'the token of a link where the export is described': async (workshop) => {
      const { id, token } = await goodLink(workshop);
      return workshop.ask(undefined, `/v1/exports/${id}?token=${token}`);
    },
    'a key in Authorization instead of the token of a link': async (workshop) => {
      const { id, maker } = await goodLink(workshop);
      return maker.request(`/v1/exports/${id}/download`);
    },
  }),
  ...answeredBy('401 TOKEN_INVALID', ofAnotherKind, {
    'the token of a link as a Bearer token for its own file': async (workshop) => {
      const { id, token } = await goodLink(workshop);
      return workshop.ask(token, `/v1/exports/${id}/file`);
    },
    'the token of a link as a Bearer token for the dataset': async (workshop) =>
      workshop.ask((await goodLink(workshop)).token, '/v1/datasets/orders/records'),
    'a good access token as the token of a link': (workshop) => withToken(workshop, () => workshop.owner.token ?? ''),
    'a job grant as the token of a link': remade({ typ: 'keyport-grant+jwt' }, () => ({ aud: 'keyport-bus' })),
    'a link that says it is an access token': remade({ typ: 'at+jwt' }, ({ iss }) => ({ aud: iss })),
    'a link for the API instead of a file': remade({}, ({ iss }) => ({ aud: iss })),
    'a link for two files': remade({}, ({ aud }) => ({ aud: [aud, 'keyport-file:0000000000000000'] })),
    'a link to another file': async (workshop) => {
      const { token } = await goodLink(workshop);
      const other = await workshop.owner.exported('orders');
      return download(workshop, other.id, `?token=${token}`);
    },
  }),
  ...answeredBy('401 TOKEN_INVALID', forged, {
    'a link to another file, its audience changed': async (workshop) => {
      const { token } = await goodLink(workshop);
      const { id } = await workshop.owner.exported('invoices');
      const [header = '', payload = '', signature = ''] = partsOf(token);
      const claims = JSON.stringify({ ...jsonOfPart(payload), aud: `keyport-file:${id}` });
      return download(workshop, id, `?token=${header}.${Buffer.from(claims).toString('base64url')}.${signature}`);
    },
    'a link without its signature': (workshop) =>
      withToken(workshop, ({ token }) => `${partsOf(token).slice(0, 2).join('.')}.`),
    'a link with alg none': remade({ alg: 'none' }, () => ({})),
    "a link signed with a key of one's own": (workshop) =>
      remade({}, () => ({}), es256(workshop.foreign.privateKey))(workshop),
    'a link that has expired': remade({}, () => ({ iat: now() - 900, exp: now() - 10 })),
    'a link for longer than a day': remade({}, () => ({ iat: now(), exp: now() + 24 * 3600 + 1 })),
    'a link of tomorrow': remade({}, () => ({ iat: now() + 3600, exp: now() + 7200 })),
    'a link that does not say which token it was made with': remade({}, () => ({ src: undefined })),
  }),
  ...answeredBy('401 TOKEN_REVOKED', revoked, {
    'a link whose key was revoked': async (workshop) => {
      const link = await linkedFile(workshop);
      await workshop.owner.request(`/v1/keys/${link.maker.keyId}`, { method: 'DELETE' });
      return refusalOf(workshop, link);
    },
    'a link made in a session that has ended': async (workshop) => {
      const { client } = await workshop.member('exports:read:orders');
      const { id } = await workshop.owner.exported('orders');
      const { url } = await client.ok<{ url: string }>(`/v1/exports/${id}/link`, { method: 'POST', json: {} });
      await client.request('/v1/auth/logout', { method: 'POST' });
      const token = new URL(url).searchParams.get('token') ?? '';
      return refusalOf(workshop, { id, token, maker: Object.assign(client, { keyId: '' }) });
    },
  }),
  ...answeredBy('404 EXPORT_NOT_FOUND', revoked, {
    'a link whose key may read files no more': async (workshop) => {
      const link = await linkedFile(workshop, 'exports:read:orders', 'keys:read');
      const path = `/v1/keys/${link.maker.keyId}`;
      await workshop.owner.request(path, { method: 'PATCH', json: { scopes: ['keys:read'] } });
      return refusalOf(workshop, link);
    },
    'a link to a file that was deleted': async (workshop) => {
      const link = await linkedFile(workshop);
      await workshop.owner.request(`/v1/exports/${link.id}`, { method: 'DELETE' });
      return refusalOf(workshop, link);
    },
  }),
  ...answeredBy('403 INSUFFICIENT_SCOPE', revoked, {
    "a link to one's own file after the right to make it was taken away": async (workshop) => {
      const maker = await workshop.owner.minted('exports:create:orders', 'keys:read');
      const { id } = await maker.exported('orders');
      const { url } = await maker.ok<{ url: string }>(`/v1/exports/${id}/link`, { method: 'POST', json: {} });
      const scopes = ['keys:read'];
      await workshop.owner.request(`/v1/keys/${maker.keyId}`, { method: 'PATCH', json: { scopes } });
      return refusalOf(workshop, { id, maker, token: new URL(url).searchParams.get('token') ?? '' });
    },
  }),
  ...answeredBy('404 EXPORT_NOT_FOUND', others, {
    'a link is asked for of a file that one may not read': async (workshop) => {
      const { id } = await goodLink(workshop);
      return workshop.ask(workshop.victim.token, `/v1/exports/${id}/link`, {});
    },
    'a link is asked for of all rows by who sees some': async (workshop) => {
      const { id } = await goodLink(workshop);
      const { token } = await workshop.owner.ok<{ token: string }>('/v1/keys', {
        method: 'POST',
        json: {
          ...{ name: 'some rows', scopes: ['exports:read:orders'] },
          authorizationDetails: [
            {
              ...{ type: 'keyport_dataset', datasets: ['orders'], actions: ['exports:read'] },
              filter: { region: 'eu' },
            },
          ],
        },
      });
      return workshop.ask(token, `/v1/exports/${id}/link`, {});
    },
  }),
  ...answeredBy('422 VALIDATION_FAILED', 'CWE-613', {
    'a link is asked for that lives longer than a day': async (workshop) => {
      const { id, maker } = await goodLink(workshop);
      const json = { expiresInSeconds: 24 * 3600 + 1 };
      return maker.request(`/v1/exports/${id}/link`, { method: 'POST', json });
    },
  }),
];
