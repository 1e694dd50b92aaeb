import { buckets, changeUser, deleteUser, getUser, listUsers, type RequestInput } from '@keyport/contracts';
import { openBucket } from '@keyport/messaging';
import { eventually, type GatewayDouble, type Who } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuthSystem } from '../harness/auth-system.ts';
import type { People } from '../harness/people.ts';
import { startTwoProcesses } from '../harness/two-processes.ts';

let system: AuthSystem;
let gateway: GatewayDouble;
let people: People;
let owner: Who;
let ownerId: string;

beforeAll(async () => {
  ({ system, gateway, people } = await startTwoProcesses());
  owner = people.owner;
  ownerId = owner.sub ?? '';
});

afterAll(() => system.stop());

const change = (userId: string, asked: Omit<RequestInput<typeof changeUser>, 'userId'>) =>
  gateway.ask(changeUser, { ...asked, userId }, owner);

const refusedChange = (userId: string, asked: Omit<RequestInput<typeof changeUser>, 'userId'>, who = owner) =>
  gateway.refusal(changeUser, { ...asked, userId }, who);

describe('the last owner who can sign in', () => {
  it.each([
    ['demote', (): Promise<unknown> => change(ownerId, { role: 'admin' })],
    ['disable', (): Promise<unknown> => change(ownerId, { disabled: true })],
    ['delete', (): Promise<unknown> => gateway.ask(deleteUser, { userId: ownerId }, owner)],
  ])('cannot %s themself', async (_what, act) => {
    await expect(act()).rejects.toMatchObject({ code: 'LAST_OWNER' });

    expect(await gateway.ask(getUser, { userId: ownerId }, owner)).toMatchObject({ role: 'owner', disabled: false });
  });

  it('is not saved by an owner who is disabled', async () => {
    const other = await people.signedIn({ role: 'owner' });
    await change(other.id, { disabled: true });

    expect(await refusedChange(ownerId, { role: 'member' })).toMatchObject({ code: 'LAST_OWNER' });

    await gateway.ask(deleteUser, { userId: other.id }, owner);
  });

  it('stays, whichever of all owners go at once', async () => {
    for (let round = 0; round < 8; round += 1) {
      const others = await Promise.all([people.signedIn({ role: 'owner' }), people.signedIn({ role: 'owner' })]);
      const going = [
        refusedChange(ownerId, { role: 'admin' }, others[0].who),
        gateway.refusal(deleteUser, { userId: others[0].id }, others[1].who),
        refusedChange(others[1].id, { disabled: true }, owner),
      ];

      const codes = (await Promise.all(going)).map((error) => error?.code ?? 'gone');

      const standing = await system.database.collection('users').find({ role: 'owner', disabled: false }).toArray();
      expect(standing.length).toBeGreaterThanOrEqual(1);
      expect(codes.filter((code) => code === 'gone').length).toBe(3 - standing.length);
      // Who lost their rights in the meantime is refused for that.
      expect(
        codes.every((code) =>
          ['gone', 'LAST_OWNER', 'SCOPE_NOT_HELD', 'TOKEN_REVOKED', 'INSUFFICIENT_SCOPE'].includes(code),
        ),
      ).toBe(true);
      await restoreOwner();
    }
  });

  /** As an operator would who has the database. */
  async function restoreOwner(): Promise<void> {
    const collection = system.database.collection<{ _id: string }>('users');
    await collection.deleteMany({ role: 'owner', _id: { $ne: ownerId } });
    await collection.updateOne({ _id: ownerId }, { $set: { role: 'owner' } });
    const bucket = await openBucket(system.bus, buckets.rights);
    const entry = { kind: 'user', role: 'owner', scopes: ['*'], disabled: false };
    await bucket.put(`user.${ownerId}`, JSON.stringify(entry));
    // Either process may be asked; of so many requests each answers some.
    await eventually(
      () => Promise.all(Array.from({ length: 12 }, () => gateway.refusal(listUsers, {}, owner))),
      (errors) => errors.every((error) => error === undefined),
    );
  }
});
