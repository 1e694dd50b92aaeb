import { isDeepStrictEqual } from 'node:util';
import { keyAspect, keyChanged } from '@keyport/contracts';
import { untoldEvent, type Told, type UntoldEvent } from '@keyport/outbox';
import type { Key } from './key.model.ts';

/** What `presentEvent` reads. */
export const presentedFields = [...(['userId'] as const)];

/** A key goes on to change: each event holds what it tells. */
export const presentEvent = ({ _id: keyId, userId: owner }: Key, { data }: UntoldEvent): Told => ({
  subject: keyId,
  data: { keyId, owner, ...data },
});

/** Undefined where nothing changed. */
export function changeEvent(before: Key, after: Key): UntoldEvent | undefined {
  const changed = keyAspect.options.filter((aspect) => !isDeepStrictEqual(before[aspect], after[aspect]));
  return changed.length === 0 ? undefined : untoldEvent(keyChanged, { changed, scopes: after.scopes });
}
