import { describe, expect, it } from '@jest/globals';
import { Sealer } from './sealer.ts';

const masterKey = 'a master key of enough characters';

describe('Sealer', () => {
  it('gives back what it sealed, and never the same text twice', () => {
    const sealer = new Sealer(masterKey);

    const [one, two] = [sealer.seal('grüße', 'a letter'), sealer.seal('grüße', 'a letter')];

    expect(one).not.toBe(two);
    expect(new Sealer(masterKey).open(one, 'a letter')).toBe('grüße');
  });

  it('does not open with another master key, and says what is needed without showing either', () => {
    const sealed = new Sealer(masterKey).seal('secret', 'signing key k1');

    const open = () => new Sealer(`${masterKey}!`).open(sealed, 'signing key k1');

    expect(open).toThrow(/^signing key k1 cannot be decrypted: start with the KEYPORT_MASTER_KEY/);
    expect(open).not.toThrow(masterKey);
  });

  it('does not open in the place of something else', () => {
    const sealer = new Sealer(masterKey);

    expect(() => sealer.open(sealer.seal('secret', 'signing key k1'), 'signing key k2')).toThrow('cannot be decrypted');
  });

  it('does not open once any byte of it was changed, or cut off', () => {
    const sealer = new Sealer(masterKey);
    const sealed = Buffer.from(sealer.seal('secret', 'x'), 'base64url');

    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => sealer.open(changed.toString('base64url'), 'x')).toThrow('cannot be decrypted');
      expect(() => sealer.open(sealed.subarray(0, at).toString('base64url'), 'x')).toThrow('cannot be decrypted');
    }
  });
});
