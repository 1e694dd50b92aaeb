import { KeyportError } from '@keyport/contracts';
import Negotiator from 'negotiator';

/** The offered media type that `Accept` prefers (RFC 9110 §12.5.1); the first one where it does not care. Throws NOT_ACCEPTABLE. */
export function negotiate<Type extends string>(accept: string | undefined, offered: readonly Type[]): Type {
  const chosen = new Negotiator({ headers: { accept: accept ?? '*/*' } }).mediaType([...offered]);
  if (chosen === undefined) throw new KeyportError('NOT_ACCEPTABLE', { accept, supported: offered.join(', ') });
  return chosen as Type;
}
