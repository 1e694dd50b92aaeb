import { createHash, generateKeyPairSync } from 'node:crypto';
import { DpopKey, hmac, rs256, type ProofFor, type Signer } from '@keyport/testing';
import { basicOf, registerClient, sendForm } from '../../oauth-client.ts';
import { answeredBy, type HttpAttack } from '../attack.ts';
import { rawRequest } from '../raw-http.ts';
import type { Workshop } from '../workshop.ts';

const replay = 'RFC 9449 §11.1';
const binding = 'RFC 9449 §4.3, §7.1, §11.3';
const elsewhere = 'RFC 9449 §4.3 (9), §11.7; CWE-436';
const clocks = 'RFC 9449 §4.3 (11), §11.1';
const keys = 'RFC 9449 §4.3 (5-7); RFC 8725 §2.1, §3.1';
const downgrade = 'RFC 9449 §7.1, §7.2';

const path = '/v1/auth/me';
const phone = new DpopKey();
const thief = new DpopKey();

interface Scene {
  readonly workshop: Workshop;
  /** Bound to the phone's key. */
  readonly token: string;
  readonly url: string;
}

const sceneIn = (workshop: Workshop): Scene => ({
  workshop,
  token: workshop.token({}, { cnf: { jkt: phone.thumbprint } }),
  url: workshop.deployment + path,
});

const now = () => Math.floor(Date.now() / 1000);

const shown = ({ workshop }: Scene, headers: Record<string, string>, to = path, method = 'GET') =>
  workshop.owner.with(undefined).request(to, { method, headers });

/** A request whose proof this makes. */
const withProof = (make: (scene: Scene & Required<ProofFor>) => string) => (workshop: Workshop) => {
  const scene = sceneIn(workshop);
  return shown(scene, { authorization: `DPoP ${scene.token}`, dpop: make({ ...scene, method: 'GET' }) });
};
const withClaims = (claims: (scene: Scene) => Record<string, unknown>) =>
  withProof((scene) => phone.proof(scene, claims(scene)));
const withHeader = (header: () => Record<string, unknown>, sign?: Signer) =>
  withProof((scene) => phone.proof(scene, {}, header(), sign));

const refusedProofs: HttpAttack[] = [
  ...answeredBy('401 DPOP_PROOF_INVALID', replay, {
    'a proof shown twice': async (workshop) => {
      const scene = sceneIn(workshop);
      const headers = phone.headers(scene);
      await shown(scene, headers);
      return shown(scene, headers);
    },
    'a proof shown twice, the second time with another query': async (workshop) => {
      const scene = sceneIn(workshop);
      const headers = phone.headers(scene);
      await shown(scene, headers);
      return shown(scene, headers, `${path}?again=1`);
    },
    'a new proof with the jti of one that was shown': async (workshop) => {
      const scene = sceneIn(workshop);
      const jti = `twice-${scene.token.slice(-20)}`;
      const authorization = `DPoP ${scene.token}`;
      await shown(scene, { authorization, dpop: phone.proof(scene, { jti }) });
      return shown(scene, { authorization, dpop: phone.proof(scene, { jti, iat: now() - 1 }) });
    },
  }),
  ...answeredBy('401 DPOP_PROOF_INVALID', binding, {
    'a proof by another key': withProof((scene) => thief.proof(scene)),
    "a proof by another key with the phone's jwk": withProof((scene) =>
      thief.proof(scene, {}, { jwk: phone.publicJwk }),
    ),
    'a proof for another token of the same key': withProof((scene) =>
      phone.proof({ ...scene, token: scene.workshop.token({}, { cnf: { jkt: phone.thumbprint }, jti: 'another' }) }),
    ),
    'a proof without ath': withClaims(() => ({ ath: undefined })),
    'a proof made for the token endpoint': withProof(({ workshop }) =>
      phone.proof({ method: 'POST', url: `${workshop.deployment}/oauth/token` }),
    ),
    'no proof': (workshop) => {
      const scene = sceneIn(workshop);
      return shown(scene, { authorization: `DPoP ${scene.token}` });
    },
    'an empty proof': withProof(() => ''),
  }),
  ...answeredBy('401 DPOP_PROOF_INVALID', elsewhere, {
    'a proof for another route': withClaims(({ workshop }) => ({ htu: `${workshop.deployment}/v1/keys` })),
    'a proof for another method': withClaims(() => ({ htm: 'POST' })),
    'a proof for GET sent with HEAD': (workshop) => headed(workshop),
    'a proof for another deployment': withClaims(() => ({ htu: `https://other.example${path}` })),
    'a proof for another port': withClaims(({ url }) => ({ htu: url.replace(/:\d+/, ':1') })),
    'a proof for another name of this machine': withClaims(({ url }) => ({
      htu: url.replace('127.0.0.1', 'localhost'),
    })),
    'the host as the user of another': withClaims(({ url }) => ({ htu: url.replace('://', '://evil.example@') })),
    'https for http': withClaims(({ url }) => ({ htu: url.replace('http:', 'https:') })),
    'the path alone': withClaims(() => ({ htu: path })),
    'an escaped slash': withClaims(({ url }) => ({ htu: url.replace('auth/me', 'auth%2Fme') })),
    'what the Host header says, which the client chooses': (workshop) => {
      const { token } = sceneIn(workshop);
      const dpop = phone.proof({ url: `http://evil.example${path}`, token });
      return rawRequest(workshop.deployment, [
        `GET ${path} HTTP/1.1`,
        `Authorization: DPoP ${token}`,
        `DPoP: ${dpop}`,
        'X-Forwarded-Host: evil.example',
        'Forwarded: host=evil.example',
      ]);
    },
  }),
  ...answeredBy('401 DPOP_PROOF_INVALID', clocks, {
    'a proof from the future': withClaims(() => ({ iat: now() + 60 })),
    'a proof from a minute and more ago': withClaims(() => ({ iat: now() - 75 })),
    'a proof that says when it ends, and not when it was made': withClaims(() => ({ iat: undefined, exp: now() + 60 })),
    'a proof whose time is in milliseconds': withClaims(() => ({ iat: Date.now() })),
  }),
  ...answeredBy('401 DPOP_PROOF_INVALID', keys, {
    'a proof with its private key': withHeader(() => ({ jwk: phone.privateJwk })),
    'a proof with alg none': withHeader(
      () => ({ alg: 'none' }),
      () => Buffer.from('x'),
    ),
    'a proof with HS256 and the public key as its secret': withHeader(
      () => ({ alg: 'HS256' }),
      hmac(JSON.stringify(phone.publicJwk)),
    ),
    'a proof with a symmetric key': withHeader(
      () => ({ alg: 'HS256', jwk: { kty: 'oct', k: Buffer.from('secret').toString('base64url') } }),
      hmac('secret'),
    ),
    'a proof with an RSA key of 1024 bits': withProof((scene) => weakRsaProof(scene)),
    'a proof without a key': withHeader(() => ({ jwk: undefined })),
    'a proof that names its key by an address': withHeader(() => ({ jku: 'http://127.0.0.1:1/jwks.json' })),
    'an access token for a proof': withProof(({ token }) => token),
    'a proof that calls itself a JWT': withHeader(() => ({ typ: 'JWT' })),
  }),
  ...answeredBy('401 DPOP_PROOF_INVALID', 'RFC 9449 §4.3 (1); RFC 9110 §5.3', {
    'two good proofs': (workshop) => twoProofs(workshop, (scene) => [phone.proof(scene), phone.proof(scene)]),
    'a good proof and an empty header': (workshop) => twoProofs(workshop, (scene) => [phone.proof(scene), '']),
    'an empty header and a good proof': (workshop) => twoProofs(workshop, (scene) => ['', phone.proof(scene)]),
  }),
];

const refusedTokens: HttpAttack[] = [
  ...answeredBy('401 TOKEN_INVALID', downgrade, {
    'a bound token sent as Bearer': (workshop) => workshop.ask(sceneIn(workshop).token),
    'a bound token sent as Bearer, with a good proof': (workshop) => {
      const scene = sceneIn(workshop);
      return shown(scene, { ...phone.headers(scene), authorization: `Bearer ${scene.token}` });
    },
    'a token that is bound to nothing, sent as DPoP without a proof': (workshop) =>
      shown(sceneIn(workshop), { authorization: `DPoP ${workshop.token()}` }),
    'a token that is bound to nothing, sent as DPoP with a proof': (workshop) => {
      const token = workshop.token();
      return shown(sceneIn(workshop), phone.headers({ url: workshop.deployment + path, token }));
    },
    'a token that is bound to a certificate (RFC 8705), sent as Bearer': (workshop) =>
      workshop.ask(workshop.token({}, { cnf: { 'x5t#S256': thumbprintOf('certificate') } })),
    'a token that is bound to a key and a certificate': (workshop) => {
      const cnf = { jkt: phone.thumbprint, 'x5t#S256': thumbprintOf('certificate') };
      const token = workshop.token({}, { cnf });
      return shown(sceneIn(workshop), phone.headers({ url: workshop.deployment + path, token }));
    },
    'a token whose binding is empty': (workshop) => workshop.ask(workshop.token({}, { cnf: {} })),
    'both schemes in one request': (workshop) => {
      const { token } = sceneIn(workshop);
      const dpop = phone.proof({ url: workshop.deployment + path, token });
      return rawRequest(workshop.deployment, [
        `GET ${path} HTTP/1.1`,
        `Authorization: DPoP ${token}`,
        `Authorization: Bearer ${token}`,
        `DPoP: ${dpop}`,
      ]);
    },
  }),
];

/** More than one may show at once in the suite's deployment, by far. */
const manyProofs = 3_000;

const floods: HttpAttack[] = answeredBy('429 RATE_LIMITED', 'RFC 9449 §11.1; CWE-770', {
  'so many good proofs with one token that others would find no room': async (workshop) => {
    const key = new DpopKey();
    // Of a client: what it uses up is its own.
    const { client, secret } = await registerClient(workshop.owner);
    const { body } = await sendForm(
      workshop.owner,
      '/oauth/token',
      { grant_type: 'client_credentials' },
      { ...basicOf(client.id, secret), dpop: key.proof({ method: 'POST', url: `${workshop.deployment}/oauth/token` }) },
    );
    const scene = { workshop, token: String(body.access_token), url: workshop.deployment + path };
    for (let sent = 0; sent < manyProofs; sent += 50) {
      const replies = await Promise.all(Array.from({ length: 50 }, () => shown(scene, key.headers(scene))));
      const refused = replies.find(({ status }) => status !== 200);
      if (refused) return refused;
    }
    return shown(scene, key.headers(scene));
  },
});

export const dpopAttacks: readonly HttpAttack[] = [...refusedProofs, ...refusedTokens, ...floods];

const thumbprintOf = (text: string) => createHash('sha256').update(text).digest('base64url');

/** HEAD is answered without a body: what GET says of the same proof afterwards shows that it was refused, not used. */
async function headed(workshop: Workshop) {
  const scene = sceneIn(workshop);
  const headers = phone.headers({ ...scene, method: 'GET' });
  const { status } = await shown(scene, headers, path, 'HEAD');
  if (status !== 401) throw new Error(`HEAD with a proof for GET was answered with ${status}`);
  return shown(scene, {
    authorization: headers.authorization as string,
    dpop: phone.proof({ ...scene, method: 'HEAD' }),
  });
}

function weakRsaProof(scene: Scene): string {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const header = { alg: 'RS256', jwk: publicKey.export({ format: 'jwk' }) };
  return phone.proof(scene, {}, header, rs256(privateKey));
}

function twoProofs(workshop: Workshop, make: (scene: Scene) => readonly [string, string]) {
  const scene = sceneIn(workshop);
  const lines = make(scene).map((proof) => `DPoP: ${proof}`);
  return rawRequest(workshop.deployment, [`GET ${path} HTTP/1.1`, `Authorization: DPoP ${scene.token}`, ...lines]);
}
