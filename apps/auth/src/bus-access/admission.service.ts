import { setTimeout as delay } from 'node:timers/promises';
import { AccessTokenReader, isExternal, Judge, Refusal, TokenFault, type AccessTokenSources } from '@keyport/access';
import { KeyportError, publisherInbox } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { busScopesOf, isPrefix, scopesOfConnection } from './bus-scopes.ts';
import type { UserGrant } from './callout-signer.ts';
import { connectionEnd } from './connection-end.ts';
import { connectionName, labelOf } from './connection-name.ts';
import { DatasetNamesService } from './dataset-names.service.ts';
import { datasetsBehind, datasetsPrint, publisherPermissions } from './publisher-permissions.ts';

/** Injection tokens of what tells good tokens from others. */
export const BUS_JUDGE = Symbol('BUS_JUDGE');
export const TOKEN_SOURCES = Symbol('TOKEN_SOURCES');

/** Milliseconds to wait for the views of a process that was started a moment ago; nats-server waits for five seconds. */
const viewsWithinMs = 3_000;
/** Datasets that a prefix may stand for: each is a subject that nats-server compares with. */
const maxDatasets = 1_000;

/** Why somebody may not connect; for logs. Never holds the token. */
export class NotAdmitted extends Error {
  override readonly name = 'NotAdmitted';
}

/** Decides who may connect to nats-server with a Keyport key, and for which subjects. */
@Injectable()
export class AdmissionService {
  private readonly reader: AccessTokenReader;

  constructor(
    @Inject(BUS_JUDGE) private readonly judge: Judge,
    @Inject(TOKEN_SOURCES) sources: AccessTokenSources,
    private readonly datasets: DatasetNamesService,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {
    this.reader = new AccessTokenReader(sources, config.KEYPORT_PUBLIC_URL);
  }

  /** Throws {@link NotAdmitted}. */
  async admit(token: string | undefined): Promise<UserGrant & { readonly keyId: string | undefined }> {
    if (!token) throw new NotAdmitted('no Keyport key came as password or token');
    await this.untilViewsAreRead();
    const { holder, claims } = await this.read(token);
    const label = labelOf(holder.identity);
    // Its `jti` may be any text, and nobody follows its issuer's keys and mapping for connections.
    if (isExternal(holder.identity)) throw new NotAdmitted('the token is of another issuer: exchange it first');
    // NATS knows no rows and no fields, and a client that proves a key of its own (RFC 9449) proves it to no one here.
    if (claims.authorization_details) throw new NotAdmitted(`${label}: is narrowed to rows or fields`);
    if (holder.boundTo !== undefined) throw new NotAdmitted(`${label}: is bound to a key of its holder`);
    const rights = await this.judge.rightsOf(holder);
    if (rights instanceof Refusal) throw new NotAdmitted(`${label}: ${rights.reason}`);
    const scopes = busScopesOf(rights.scopes);
    if (scopes.publish.length === 0 && !scopes.listens) {
      throw new NotAdmitted(`${label}: has neither events:publish of a dataset nor events:read:*`);
    }
    const behind = await this.datasetsBehind(scopes.publish, label);
    const { exp, renewAt } = connectionEnd(holder.exp, this.config.KEYPORT_BUS_CONNECTION_SECONDS);
    const rest = { renewAt, datasetsPrint: behind && datasetsPrint(behind) };
    return {
      keyId: holder.identity.keyId,
      name: connectionName(holder, scopesOfConnection(scopes), rest),
      permissions: publisherPermissions(scopes, behind ?? [], publisherInbox(token)),
      exp,
    };
  }

  private async untilViewsAreRead(): Promise<void> {
    for (const until = Date.now() + viewsWithinMs; this.judge.gaps().length > 0 && Date.now() < until;) await delay(50);
    try {
      this.judge.requireFresh();
    } catch (error) {
      if (!(error instanceof KeyportError)) throw error;
      throw new NotAdmitted('nobody can say now what is revoked and allowed', { cause: error });
    }
  }

  private async read(token: string) {
    try {
      return await this.reader.read(token);
    } catch (error) {
      if (!(error instanceof TokenFault)) throw error;
      throw new NotAdmitted(error.message, { cause: error });
    }
  }

  /** Undefined where no pattern is a prefix, so that records need not be asked. */
  private async datasetsBehind(patterns: readonly string[], label: string): Promise<readonly string[] | undefined> {
    if (!patterns.some(isPrefix)) return undefined;
    const names = datasetsBehind(patterns, await this.datasets.all());
    if (names.length <= maxDatasets) return names;
    throw new NotAdmitted(`${label}: its patterns stand for more than ${maxDatasets} datasets`);
  }
}
