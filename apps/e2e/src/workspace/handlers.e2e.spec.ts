import { describe, expect, it } from '@jest/globals';
import * as contracts from '@keyport/contracts';
import { filesUnder, textOf } from './workspace-files.ts';

const isRequestContract = (value: unknown): value is contracts.RequestContract =>
  typeof value === 'object' && value !== null && 'subject' in value && 'request' in value && 'reply' in value;

const requestContracts = Object.entries(contracts).filter(([, value]) => isRequestContract(value)) as [
  string,
  contracts.RequestContract,
][];

/** Which services handle each contract, by the name that the contract is exported under. */
async function handlersByContract(): Promise<Map<string, string[]>> {
  const handlers = new Map<string, string[]>();
  // Test doubles of another service lie in harness/.
  const files = (await filesUnder(['apps'], '.ts')).filter((path) => !/\/harness\/|\.spec\.ts$/.test(path));
  for (const file of files) {
    for (const [, name = ''] of (await textOf(file)).matchAll(/@Handles\(\s*(\w+)\s*\)/g)) {
      handlers.set(name, [...(handlers.get(name) ?? []), file]);
    }
  }
  return handlers;
}

describe('The contracts of the bus', () => {
  it('each have exactly one handler, in the service that their subject names', async () => {
    const handlers = await handlersByContract();

    const wrong = requestContracts.flatMap(([name, { subject }]) => {
      const found = handlers.get(name) ?? [];
      const isRight = found.length === 1 && found[0]?.startsWith(`apps/${subject.split('.')[0]}/src/`);
      return isRight ? [] : [{ name, subject, found }];
    });

    expect(requestContracts.length).toBeGreaterThan(20);
    expect(wrong).toEqual([]);
  });

  it('have subjects of their own', () => {
    const subjects = requestContracts.map(([, { subject }]) => subject);

    expect(new Set(subjects).size).toBe(subjects.length);
  });

  it('are all that is handled', async () => {
    const known = new Set(requestContracts.map(([name]) => name));

    const handled = [...(await handlersByContract()).keys()];

    expect(handled.filter((name) => !known.has(name))).toEqual([]);
  });
});
