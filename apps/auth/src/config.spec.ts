import { loadConfig } from '@keyport/service';
import { describe, expect, it } from '@jest/globals';
import { authConfig } from './config.ts';

const needed = { MONGODB_URL: 'mongodb://127.0.0.1:27017/auth' };
const load = (environment: Record<string, string>) => loadConfig(authConfig, { ...needed, ...environment });

describe('the environment of auth', () => {
  it('needs a home folder or a master key', () => {
    expect(() => load({})).toThrow('KEYPORT_MASTER_KEY: is needed where KEYPORT_HOME is not set');
    expect(load({ KEYPORT_HOME: '/home' }).KEYPORT_HOME).toBe('/home');
    expect(load({ KEYPORT_MASTER_KEY: 'm'.repeat(32) }).KEYPORT_MASTER_KEY).toHaveLength(32);
  });

  it('lets keys live for a year and a day unless told', () => {
    expect(load({ KEYPORT_HOME: '/home' }).KEYPORT_KEY_MAX_SECONDS).toBe(366 * 24 * 3600);
    expect(load({ KEYPORT_HOME: '/home', KEYPORT_KEY_MAX_SECONDS: '3600' }).KEYPORT_KEY_MAX_SECONDS).toBe(3600);
  });

  it('lets a session last for thirty days unless told', () => {
    expect(load({ KEYPORT_HOME: '/home' }).KEYPORT_SESSION_MAX_SECONDS).toBe(30 * 24 * 3600);
    expect(load({ KEYPORT_HOME: '/home', KEYPORT_SESSION_MAX_SECONDS: '3600' }).KEYPORT_SESSION_MAX_SECONDS).toBe(3600);
    expect(() => load({ KEYPORT_HOME: '/home', KEYPORT_SESSION_MAX_SECONDS: '59' })).toThrow(
      'KEYPORT_SESSION_MAX_SECONDS',
    );
  });

  it('names every fault at once and shows no value', () => {
    const secrets = {
      KEYPORT_MASTER_KEY: 'short-key',
      KEYPORT_OWNER_PASSWORD: 'short-pass',
      KEYPORT_KEY_MAX_SECONDS: '0',
    };

    const attempt = () => load(secrets);

    for (const name of Object.keys(secrets)) expect(attempt).toThrow(name);
    for (const value of ['short-key', 'short-pass']) expect(attempt).not.toThrow(value);
  });
});
