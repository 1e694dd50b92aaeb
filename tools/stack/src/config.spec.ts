import { describe, expect, it } from '@jest/globals';
import { readStackConfig } from './config.ts';

describe('readStackConfig', () => {
  it('has a default for everything', () => {
    expect(readStackConfig({})).toEqual({
      home: '.keyport',
      host: '127.0.0.1',
      port: 3000,
      publicUrl: undefined,
      replicas: {},
      mongodbUrl: undefined,
      natsUrl: undefined,
    });
  });

  it('reads how many of each service to run', () => {
    expect(readStackConfig({ KEYPORT_REPLICAS: 'gateway=3, import=2' }).replicas).toEqual({ gateway: 3, import: 2 });
  });

  it('names every fault at once', () => {
    expect(() => readStackConfig({ KEYPORT_PORT: '99999', KEYPORT_REPLICAS: 'mongod=2,import=0' })).toThrow(
      /KEYPORT_PORT.*"mongod".*of import, not "0"/,
    );
  });
});
