import type { Caller } from '@keyport/access';
import { KeyportError, type listSessions, type ReplyOf, type RequestOf } from '@keyport/contracts';
import { listPage, readCursor } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ClientsRepository } from '../clients/clients.repository.ts';
import { requirePerson } from './persons-session.ts';
import { SessionEndingService } from './session-ending.service.ts';
import type { Session } from './session.model.ts';
import { SessionsRepository } from './sessions.repository.ts';

/** They grow with time, so the last one says where the next page begins. */
const sessionIds = z.string().regex(/^[0-9a-f]{24}$/);

/** Where a person is signed in, and on which devices: they see it, and end what they do not know. */
@Injectable()
export class SessionListService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly clients: ClientsRepository,
    private readonly ending: SessionEndingService,
  ) {}

  /** Throws SESSION_NEEDED. */
  async list(
    { identity }: Caller,
    { limit, cursor }: RequestOf<typeof listSessions>,
  ): Promise<ReplyOf<typeof listSessions>> {
    requirePerson(identity);
    const found = await this.sessions.livePage(identity.userId, limit + 1, readCursor(sessionIds, cursor));
    const { items, next } = listPage(found, limit, ({ _id }) => _id);
    const names = await this.clients.namesOf(items.flatMap(({ clientId }) => clientId ?? []));
    return { items: items.map((session) => present(session, names, identity.sessionId)), next };
  }

  /** Resolves once the bus shows it. Throws SESSION_NEEDED, SESSION_NOT_FOUND. */
  async end({ identity }: Caller, sessionId: string): Promise<void> {
    requirePerson(identity);
    const session = await this.sessions.find(sessionId);
    if (session?.userId !== identity.userId) throw new KeyportError('SESSION_NOT_FOUND', { sessionId });
    await this.ending.end(sessionId, { by: identity.userId, reason: 'ended by its user' });
  }
}

const present = (session: Session, names: ReadonlyMap<string, string>, currentId: string) => ({
  id: session._id,
  client: session.clientId ? { id: session.clientId, name: names.get(session.clientId) ?? '(deleted)' } : null,
  scopes: session.scopes ? [...session.scopes] : null,
  isBoundToKey: !!session.dpopJkt,
  createdAt: session.createdAt.toISOString(),
  expiresAt: session.expiresAt.toISOString(),
  isCurrent: session._id === currentId,
});
