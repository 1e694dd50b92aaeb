import { randomBytes } from 'node:crypto';
import { auditSubject, listAudit, streams, type AuditEntry, type RequestInput } from '@keyport/contracts';
import { eventually, type GatewayDouble } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { AuthSystem } from '../harness/auth-system.ts';

const day = 24 * 3600_000;
const auditor = { scope: 'audit:read', iss: 'http://127.0.0.1:3000', sub: 'service:auditor' };

let system: AuthSystem;
let gateway: GatewayDouble;

beforeAll(async () => {
  system = await AuthSystem.start();
  await system.serve({ KEYPORT_AUDIT_DAYS: '30' });
  gateway = await system.gateway();
});

afterAll(() => system.stop());

const newEntry = (parts: Partial<AuditEntry> = {}, at = Date.now()): AuditEntry => ({
  id: at.toString(16).padStart(12, '0') + randomBytes(8).toString('hex'),
  requestId: 'request-1',
  at: new Date(at).toISOString(),
  ...{ action: 'keys.create', method: 'POST', path: '/v1/keys', dataset: null, status: 201, code: null },
  ...{ issuer: 'https://keyport.example', subject: 'ada', key: null, tokenId: 't1', client: null, account: null },
  ...{ address: '192.0.2.1', userAgent: 'curl/8' },
  ...parts,
});

/** As a gateway tells them, with its NATS user. */
async function tell(...entries: unknown[]): Promise<void> {
  const client = jetstream(await system.servers.connectionOf('gateway'), { checkAPI: false });
  for (const entry of entries) await client.publish(auditSubject, JSON.stringify(entry), { timeout: 60_000 });
}

const stored = (filter: Record<string, unknown>) => system.database.collection('audit').find(filter).toArray();
const countOf = (subject: string) => system.database.collection('audit').countDocuments({ subject });
const list = (request: RequestInput<typeof listAudit> = {}) => gateway.ask(listAudit, request, auditor);

async function left(): Promise<number> {
  const manager = await jetstreamManager(system.bus, { checkAPI: false });
  return (await manager.streams.info(streams.audit.name)).state.messages;
}

describe('The audit', () => {
  it('keeps what gateways tell for the configured time, and then takes it from the stream', async () => {
    const entry = newEntry({ subject: 'kept' });

    await tell(entry);

    await eventually(
      () => countOf('kept'),
      (count) => count === 1,
    );
    const [kept] = await stored({ subject: 'kept' });
    const { id, at, ...rest } = entry;
    expect(kept).toEqual({ ...rest, _id: id, at: new Date(at), expiresAt: new Date(Date.parse(at) + 30 * day) });
    await eventually(left, (messages) => messages === 0);
  });

  it('lets MongoDB remove entries whose time is over', async () => {
    const indexes = await system.database.collection('audit').indexes();

    expect(indexes).toContainEqual(expect.objectContaining({ key: { expiresAt: 1 }, expireAfterSeconds: 0 }));
  });

  it('keeps an entry once that was told twice, and all others told beside it', async () => {
    const twice = newEntry({ subject: 'twice' });
    await tell(twice);
    await eventually(
      () => countOf('twice'),
      (count) => count === 1,
    );

    await tell(twice, newEntry({ subject: 'beside' }), twice);

    await eventually(
      () => countOf('beside'),
      (count) => count === 1,
    );
    await eventually(left, (messages) => messages === 0);
    expect(await countOf('twice')).toBe(1);
  });

  it('is not stopped by a message that is no entry', async () => {
    await tell({ id: 'no entry' }, 'text', newEntry({ subject: 'behind' }));

    await eventually(
      () => countOf('behind'),
      (count) => count === 1,
    );
    await eventually(left, (messages) => messages === 0);
  });

  it('is read newest first, page by page', async () => {
    const entries = [1, 2, 3, 4, 5].map((n) =>
      newEntry({ subject: 'paged', requestId: `r${n}` }, Date.now() - 1000 + n),
    );
    await tell(...entries);
    await eventually(
      () => countOf('paged'),
      (count) => count === 5,
    );

    const first = await list({ subject: 'paged', limit: 3 });
    const second = await list({ subject: 'paged', limit: 3, cursor: first.next ?? undefined });

    expect(first.items.map(({ requestId }) => requestId)).toEqual(['r5', 'r4', 'r3']);
    expect(second).toMatchObject({ items: [{ requestId: 'r2' }, { requestId: 'r1' }], next: null });
    expect(first.items[0]).toEqual(entries[4]);
  });

  it('goes on with what earlier versions told and kept, which named no client', async () => {
    const entry = newEntry({ subject: 'earlier' });
    await tell({ ...entry, client: undefined });
    await eventually(
      () => countOf('earlier'),
      (count) => count === 1,
    );
    await system.database.collection('audit').updateOne({ subject: 'earlier' }, { $unset: { client: '' } });

    expect((await list({ subject: 'earlier' })).items).toEqual([entry]);
  });

  it('is filtered by who, which key, what, where and when', async () => {
    // MongoDB removes what is older than 30 days, whenever it looks.
    const at = Date.now() - 7 * day;
    const wanted = newEntry(
      { subject: 'f1', key: 'k1', client: 'c1', action: 'imports.create', dataset: 'orders' },
      at,
    );
    const other = newEntry({ subject: 'f2', key: 'k2', action: 'exports.create', dataset: 'invoices' }, at + 1000);
    await tell(wanted, other);
    await eventually(
      async () => (await countOf('f1')) + (await countOf('f2')),
      (count) => count === 2,
    );
    const instant = (offset: number) => new Date(at + offset).toISOString();

    const around = { from: instant(0), to: instant(1001) };
    const filters = [
      { subject: 'f1' },
      { key: 'k1' },
      { client: 'c1' },
      { ...around, action: 'imports.create' },
      { ...around, dataset: 'orders' },
      { from: instant(0), to: instant(1000) },
      { from: instant(-5), to: instant(1) },
    ];
    for (const filter of filters) expect((await list(filter)).items).toEqual([wanted]);
    expect((await list(around)).items).toEqual([other, wanted]);
    expect((await list({ from: instant(1), to: instant(1000) })).items).toEqual([]);
  });

  it('is shown only with the right to read it, and refuses a cursor that is none', async () => {
    const refusals = [
      await gateway.refusal(listAudit, {}, { ...auditor, scope: 'keys:read users:read' }),
      await gateway.refusal(listAudit, { cursor: 'bm90aGluZw' }, auditor),
    ];

    expect(refusals.map((error) => error?.code)).toEqual(['INSUFFICIENT_SCOPE', 'CURSOR_INVALID']);
  });

  it('has every entry once that was told while auth was away', async () => {
    await system.endServices();
    const entries = Array.from({ length: 700 }, () => newEntry({ subject: 'away' }));
    await tell(...entries, ...entries.slice(0, 50));

    await system.serve();

    await eventually(left, (messages) => messages === 0);
    const ids = (await stored({ subject: 'away' })).map(({ _id }) => String(_id));
    expect(ids.sort()).toEqual(entries.map(({ id }) => id).sort());
  });
});
