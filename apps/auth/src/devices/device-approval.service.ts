import { intersectScopes, type Caller } from '@keyport/access';
import {
  KeyportError,
  type decideDevice,
  type getDeviceRequest,
  type ReplyOf,
  type RequestOf,
} from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { Types } from 'mongoose';
import type { Client } from '../clients/client.model.ts';
import { ClientsRepository } from '../clients/clients.repository.ts';
import { requirePerson } from '../sessions/persons-session.ts';
import { SessionsRepository } from '../sessions/sessions.repository.ts';
import { CodeGuessesService } from './code-guesses.service.ts';
import type { DeviceAuthorization } from './device-authorization.model.ts';
import { DeviceAuthorizationsRepository } from './device-authorizations.repository.ts';
import { readUserCode, shownUserCode } from './user-code.ts';

type Asked = RequestOf<typeof getDeviceRequest>;

interface Found {
  readonly authorization: DeviceAuthorization;
  readonly client: Client;
  /** What the device would get: of what it asked for, what its client and the person may now. */
  readonly granted: readonly string[];
}

/** A signed-in person looks at what a device asks for, and allows or refuses it (RFC 8628 §3.3). */
@Injectable()
export class DeviceApprovalService {
  constructor(
    private readonly authorizations: DeviceAuthorizationsRepository,
    private readonly guesses: CodeGuessesService,
    private readonly clients: ClientsRepository,
    private readonly sessions: SessionsRepository,
  ) {}

  /** Throws SESSION_NEEDED, DEVICE_CODE_NOT_FOUND, DEVICE_CODE_THROTTLED. */
  async look(caller: Caller, asked: Asked): Promise<ReplyOf<typeof getDeviceRequest>> {
    const { authorization, client, granted } = await this.findFor(caller, asked);
    return {
      userCode: shownUserCode(authorization.userCode),
      client: { id: client._id, name: client.name },
      scopes: [...authorization.scopes],
      granted: [...granted],
      expiresAt: authorization.expiresAt.toISOString(),
    };
  }

  /** As {@link look}; and SCOPE_NOT_HELD where nothing of it could be given. */
  async decide(
    caller: Caller,
    { approve, ...asked }: RequestOf<typeof decideDevice>,
  ): Promise<ReplyOf<typeof decideDevice>> {
    const { authorization, client, granted } = await this.findFor(caller, asked);
    if (!approve) {
      if (!(await this.authorizations.decide(authorization._id, null))) throw notFound();
      return { state: 'denied', client: { id: client._id, name: client.name }, granted: [] };
    }
    if (granted.length === 0) throw new KeyportError('SCOPE_NOT_HELD', { scope: authorization.scopes.join(' ') });
    await this.approve(caller, authorization, granted);
    return { state: 'approved', client: { id: client._id, name: client.name }, granted: [...granted] };
  }

  /**
   * Makes the sign-in that the device will have. It is there from now on, so that whatever ends the person's sign-ins before
   * the device fetches its tokens ends this one too; it lives on only if the device comes in time.
   */
  private async approve({ identity }: Caller, authorization: DeviceAuthorization, scopes: readonly string[]) {
    requirePerson(identity);
    const sessionId = new Types.ObjectId().toHexString();
    const { clientId, expiresAt } = authorization;
    await this.sessions.insert({
      ...{ _id: sessionId, userId: identity.userId, clientId, scopes, dpopJkt: null, createdAt: new Date(), expiresAt },
      ...{ endedAt: null, endedBy: null, endReason: null, settled: false },
    });
    // After the insert: a password that is changed meanwhile either has ended the person's session by now, or ends both.
    const isStillSignedIn = await this.sessions.findLive(identity.sessionId);
    if (isStillSignedIn && (await this.authorizations.decide(authorization._id, sessionId))) return;
    await this.sessions.end(sessionId, { by: identity.userId, reason: 'the device was not approved after all' });
    throw notFound();
  }

  private async findFor(caller: Caller, { userCode: typed, address }: Asked): Promise<Found> {
    const { identity } = caller;
    requirePerson(identity);
    const found = await this.guesses.attempt({ userId: identity.userId, address }, () => this.find(typed));
    if (!found) throw notFound();
    const allowed = intersectScopes(found.client.scopes, caller.scopes);
    return { ...found, granted: intersectScopes(found.authorization.scopes, allowed) };
  }

  private async find(typed: string): Promise<Omit<Found, 'granted'> | undefined> {
    const userCode = readUserCode(typed);
    const authorization = userCode === undefined ? null : await this.authorizations.findWaiting(userCode);
    const client = authorization && (await this.clients.find(authorization.clientId));
    return authorization && client ? { authorization, client } : undefined;
  }
}

const notFound = () => new KeyportError('DEVICE_CODE_NOT_FOUND');
