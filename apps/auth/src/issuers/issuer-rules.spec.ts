import { describe, expect, it } from '@jest/globals';
import { codeOf } from '@keyport/testing';
import { requireOthersIssuer } from './issuer-rules.ts';

const own = ['https://keyport.example', 'https://old.example/api/'];
const refusal = (issuer: string, isLocalAllowed = false) =>
  codeOf((async () => requireOthersIssuer(issuer, { own, isLocalAllowed }))());

describe('An issuer', () => {
  it.each([
    'https://idp.example',
    'https://idp.example/',
    'https://idp.example/realms/team',
    'https://keyport.example.com',
    'https://keyport.example:8443',
    'https://old.example',
    'https://old.example/apis',
    'https://old.example/other',
    'https://keyport.example/realms/team',
    'https://keyport.example/public-keys',
  ])('may be %s', (issuer) => {
    expect(() => requireOthersIssuer(issuer, { own, isLocalAllowed: false })).not.toThrow();
  });

  it.each([
    ['no URL', 'idp'],
    ['http', 'http://idp.example'],
    ['http on this machine, where that is not configured', 'http://127.0.0.1:4000'],
    ['another scheme', 'file:///etc/passwd'],
    ['a query', 'https://idp.example?x=1'],
    ['an empty query', 'https://idp.example?'],
    ['a fragment', 'https://idp.example#x'],
    ['a password', 'https://a:b@idp.example'],
    ['a space', 'https://idp.example/a b'],
    ['what parts an issuer from a subject', 'https://idp.example/a|b'],
    ['this deployment', 'https://keyport.example'],
    ['this deployment with a slash', 'https://keyport.example/'],
    ['this deployment in capitals', 'HTTPS://KEYPORT.EXAMPLE'],
    ['this deployment with its port', 'https://keyport.example:443'],
    ['this deployment by way of another path', 'https://keyport.example/x/../'],
    ['this deployment by http', 'http://keyport.example'],
    ['an address that it had', 'https://old.example/api'],
    ['an address that it had, in capitals', 'https://old.example/API'],
    ['where self-issued tokens are from', 'https://keyport.example/public-keys/0123456789abcdef01234567'],
  ])('may not be %s', async (_what, issuer) => {
    expect(await refusal(issuer)).toBe('ISSUER_INVALID');
  });

  it('may be on this machine by http where that is configured, and nowhere else', async () => {
    expect(() => requireOthersIssuer('http://127.0.0.1:4000', { own, isLocalAllowed: true })).not.toThrow();
    expect(() => requireOthersIssuer('http://localhost:4000', { own, isLocalAllowed: true })).not.toThrow();
    expect(await refusal('http://10.0.0.1:4000', true)).toBe('ISSUER_INVALID');
    expect(await refusal('http://localhost.example:4000', true)).toBe('ISSUER_INVALID');
  });
});
