import { describe, expect, it } from '@jest/globals';
import { hashPassword, passwordMatches } from './passwords.ts';

describe('passwords', () => {
  it('are kept as argon2id with a salt of their own and the cost that OWASP names', async () => {
    const [one, two] = await Promise.all([hashPassword('secret'), hashPassword('secret')]);

    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(two);
  });

  it('match their own hash and no other', async () => {
    const stored = await hashPassword('correct horse');

    expect(await passwordMatches(stored, 'correct horse')).toBe(true);
    expect(await passwordMatches(stored, 'correct horse ')).toBe(false);
    expect(await passwordMatches(stored, '')).toBe(false);
  });

  it('are checked in turns: a flood is refused beyond what can wait, and whoever waits is served', async () => {
    const stored = await hashPassword('secret');

    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, (_, at) => passwordMatches(stored, at % 2 === 0 ? 'secret' : 'wrong')),
    );

    const refused = outcomes.filter(({ status }) => status === 'rejected');
    const matched = outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value);
    expect(refused).toHaveLength(100 - 64 - 2);
    expect(refused[0]).toMatchObject({ reason: { code: 'SERVICE_UNAVAILABLE' } });
    expect(matched).toHaveLength(33);
    expect(await passwordMatches(stored, 'secret')).toBe(true);
  });

  it('are computed off the event loop, which goes on turning', async () => {
    const stored = await hashPassword('secret');
    let turns = 0;
    let isDone = false;
    const turn = () => {
      turns += 1;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);

    await Promise.all(Array.from({ length: 16 }, () => passwordMatches(stored, 'wrong')));

    isDone = true;
    // On the event loop each would let one or two turns pass.
    expect(turns).toBeGreaterThan(16 * 20);
  });
});
