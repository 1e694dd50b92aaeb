import { describe, expect, it } from '@jest/globals';
import { faultOf, maybeSame, type Deployment } from './deployment.ts';
import { sourceAddresses } from './source-settings.ts';

const set = (processId: string, ...hosts: string[]): Deployment => ({
  ...{ setName: 'rs0', hosts, processId, isSharded: false },
});
const own = { database: 'mine', deployment: set('1', 'a:1') };
const fault = (database: string, deployment: Deployment) => faultOf({ database, deployment }, own, 'keyport_ledger');

describe('maybeSame', () => {
  it('knows a server by its process or by its members, and two clusters by nothing', () => {
    const mongos = (processId: string): Deployment => ({
      ...{ setName: undefined, hosts: [], processId, isSharded: true },
    });

    expect(maybeSame(set('1', 'a:1'), set('1', 'b:1'))).toBe(true);
    expect(maybeSame(set('1', 'a:1', 'b:1'), set('2', 'b:1'))).toBe(true);
    expect(maybeSame(set('1', 'a:1'), set('2', 'b:1'))).toBe(false);
    expect(maybeSame(mongos('1'), mongos('2'))).toBe(true);
    expect(maybeSame(mongos('1'), set('2', 'a:1'))).toBe(false);
  });
});

describe('faultOf', () => {
  it('keeps sources off the databases of Keyport, where they are, and of MongoDB, everywhere', () => {
    const [here, there] = [set('1', 'a:1'), set('2', 'b:1')];

    expect([fault('auth', here), fault('mine', here)].every((reason) => reason?.includes('Keyport'))).toBe(true);
    expect([fault('auth', there), fault('mine', there), fault('erp', here)]).toEqual([undefined, undefined, undefined]);
    expect(fault('keyport_ledger', there)).toMatch('Keyport');
    expect(fault('admin', there)).toMatch('MongoDB itself');
    expect(fault('erp', { ...there, setName: undefined })).toMatch('transactions');
  });
});

describe('sourceAddresses', () => {
  it('names what is wrong without what it holds', () => {
    for (const text of [
      '{"erp":"secret-word"}',
      '{"erp":"mongodb://u:secret-word@host"}',
      'secret-word',
      '["secret-word"]',
    ]) {
      const { success, error } = sourceAddresses.safeParse(text);

      expect(success).toBe(false);
      expect(JSON.stringify(error?.issues)).not.toMatch('secret-word');
    }
  });
});
