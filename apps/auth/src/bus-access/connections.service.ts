import { Judge, SIGNING_KEYS, type KeyView } from '@keyport/access';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { KeysService } from '../keys/keys.service.ts';
import { BUS_JUDGE } from './admission.service.ts';
import { isPrefix } from './bus-scopes.ts';
import { ConnectedPublishers, labelOfClient, type Connected } from './connected-publishers.ts';
import { DatasetNamesService } from './dataset-names.service.ts';
import { datasetsBehind, datasetsPrint } from './publisher-permissions.ts';
import type { ServerClient, ServerConnections } from './server-connections.ts';

/** Milliseconds between two looks at everybody's rights, which are in memory. */
const judgeEveryMs = 100;
/** Milliseconds after which a client that should be gone, and is not known to be, is told to go again. */
const kickAgainMs = 1_000;
/** Milliseconds between two lists: advisories are sent once, and may be lost. */
const listEveryMs = 10_000;

/**
 * Knows who is connected with a Keyport key, ends the connections of those whose key was revoked or may no more what it
 * could when they connected, and tells which keys are in use.
 */
@Injectable()
export class ConnectionsService {
  private readonly logger = new Logger(ConnectionsService.name);
  private readonly publishers: ConnectedPublishers;
  private readonly kickedAt = new WeakMap<Connected, number>();
  private server: ServerConnections | undefined;
  private timers: NodeJS.Timeout[] = [];

  constructor(
    @Inject(BUS_JUDGE) judge: Judge,
    @Inject(SIGNING_KEYS) signingKeys: KeyView,
    private readonly datasets: DatasetNamesService,
    private readonly keys: KeysService,
  ) {
    this.publishers = new ConnectedPublishers(judge, signingKeys);
  }

  start(server: ServerConnections): void {
    this.server = server;
    this.list();
    this.timers = [
      setInterval(() => this.endLost(), judgeEveryMs).unref(),
      setInterval(() => this.list(), listEveryMs).unref(),
    ];
  }

  stop(): void {
    for (const timer of this.timers.splice(0)) clearInterval(timer);
    this.server = undefined;
  }

  connected(client: ServerClient): void {
    this.publishers.add(client);
  }

  disconnected(client: ServerClient): void {
    this.publishers.remove(client);
  }

  /** Learns from the servers who is connected: at the start, after a reconnect, and from time to time. */
  list(): void {
    this.reconcile().catch((error: unknown) => this.logger.warn(error));
  }

  private async reconcile(): Promise<void> {
    const askedAt = Date.now();
    const found = await this.server?.publishers();
    if (!found) return;
    this.publishers.reconcile(found.clients, found.serverIds, askedAt);
    await this.noteUse();
    await this.endOutdated();
  }

  /** A key is in use for as long as somebody is connected with it. */
  private async noteUse(): Promise<void> {
    const ids = new Set(this.publishers.all.flatMap(({ named }) => named?.holder.identity.keyId ?? []));
    const lastUsedAt = new Date().toISOString();
    if (ids.size > 0) await this.keys.noteUse({ keys: [...ids].map((keyId) => ({ keyId, lastUsedAt })) });
  }

  private endLost(): void {
    for (const { client, reason } of this.publishers.lost()) this.end(client, reason);
  }

  /** Who may publish to `orders-*` connects anew, and so comes to publish to a dataset that was made meanwhile. */
  private async endOutdated(): Promise<void> {
    const byPrefix = this.publishers.all.filter(({ named }) => named?.datasetsPrint !== undefined);
    if (byPrefix.length === 0) return;
    const names = await this.datasets.all();
    for (const client of byPrefix) {
      const patterns = (client.named?.holder.identity.scopes ?? []).map((scope) => scope.split(':')[2] ?? '');
      const print = datasetsPrint(datasetsBehind(patterns.filter(isPrefix), names));
      if (print !== client.named?.datasetsPrint) this.end(client, 'its patterns stand for other datasets now');
    }
  }

  private end(client: Connected, reason: string): void {
    const now = Date.now();
    if (now - (this.kickedAt.get(client) ?? 0) < kickAgainMs) return;
    if (!this.kickedAt.has(client)) this.logger.log(`ends the connection of ${labelOfClient(client)}: ${reason}`);
    this.kickedAt.set(client, now);
    void this.server?.kick(client);
  }
}
