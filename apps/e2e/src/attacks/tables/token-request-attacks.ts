import { DpopKey } from '@keyport/testing';
import { basicOf, registerClient, sendForm } from '../../oauth-client.ts';
import { refusedAs, type OAuthAttack, type OAuthReply } from '../attack.ts';
import { rawRequest } from '../raw-http.ts';
import type { Workshop } from '../workshop.ts';

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const someRows = JSON.stringify([
  { type: 'keyport_dataset', datasets: ['orders'], actions: ['records:read'], filter: { region: 'eu' } },
]);

/** A request for a token that no client sends, with a proof. */
async function askedFrom(address: string, { deployment }: Workshop, proof: string): Promise<OAuthReply> {
  const form = 'grant_type=client_credentials';
  const lines = [
    'POST /oauth/token HTTP/1.1',
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${form.length}`,
    `DPoP: ${proof}`,
  ];
  return (await rawRequest(deployment, lines, form, address)) as OAuthReply;
}

/** Of devices and programs, whatever they ask for a token with. */
export const tokenRequestAttacks: readonly OAuthAttack[] = [
  ...refusedAs('400 invalid_authorization_details', 'RFC 9396 §2, §5; CWE-269', {
    'a device that asks for some rows, where it would be given all': async (workshop) => {
      const wanted = { authentication: 'none', grants: [deviceGrant], scopes: ['records:read:orders'] };
      const { client } = await registerClient(workshop.owner, wanted);
      const form = { client_id: client.id, authorization_details: someRows };
      return sendForm(workshop.owner, '/oauth/device_authorization', form);
    },
    'a client that asks for some rows, where it would be given all': async (workshop) => {
      const { client, secret } = await registerClient(workshop.owner);
      const form = { grant_type: 'client_credentials', authorization_details: someRows };
      return sendForm(workshop.owner, '/oauth/token', form, basicOf(client.id, secret));
    },
  }),
  ...refusedAs('429 temporarily_unavailable', 'RFC 9449 §11.1; CWE-770', {
    'so many good proofs from one address that others would find no room, by no client': async (workshop) => {
      const key = new DpopKey();
      // An address of its own: what is used up of it is nobody else's. Fewer than it may ask for sign-ins at once.
      const replies = await Promise.all(
        Array.from({ length: 90 }, () =>
          askedFrom('127.0.0.66', workshop, key.proof({ method: 'POST', url: `${workshop.deployment}/oauth/token` })),
        ),
      );
      return replies.find(({ status }) => status !== 401) ?? (replies[0] as OAuthReply);
    },
  }),
];
