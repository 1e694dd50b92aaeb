import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getDataset, scanRecords } from '@keyport/contracts';
import { TestStack } from '@keyport/testing';
import { onTheBus } from './all-attacks.ts';
import { Bus } from './bus.ts';
import { Workshop } from './workshop.ts';

describe('On the bus,', () => {
  let stack: TestStack;
  let workshop: Workshop;
  let bus: Bus;
  let before: Awaited<ReturnType<TestStack['describe']>>['processes'];

  beforeAll(async () => {
    stack = await TestStack.start();
    workshop = await Workshop.in(stack);
    bus = await Bus.of(workshop);
    before = (await stack.describe()).processes;
  });

  afterAll(async () => {
    await bus?.stop();
    await workshop?.listener.stop();
    await stack?.stop();
  });

  it('the forgeries are wrong in their one point alone: a context and a grant without it are accepted', async () => {
    const asExport = bus.as('export');

    const byContext = await asExport.ask(scanRecords, { dataset: 'orders' }, bus.context());
    const byGrant = await asExport.ask(scanRecords, { dataset: 'orders' }, bus.grant());
    const byOwner = await asExport.ask(getDataset, { name: 'orders' }, bus.contextOf(workshop.owner.token));

    expect([byContext, byGrant, byOwner]).toEqual(['none', 'none', 'none']);
  });

  it('a subject that is theirs is refused to nobody', async () => {
    expect(await bus.as('export').publish('events.v1.export.any')).toBe('none');
    expect(await bus.as('gateway').subscribe('_INBOX.gateway.>')).toBe('none');
    expect(await bus.asPublisher.publish('ingest.v1.orders')).toBe('none');
    expect(await bus.connectWith(workshop.token({}, { scope: 'events:publish:orders' }))).toBe('none');
  });

  it.each(onTheBus.map((attack) => [attack.name, attack.error, attack] as const))(
    '%s: ends with %s',
    async (_name, error, { act }) => {
      expect(await act(bus)).toBe(error);
    },
  );

  it('no attack fetched what it pointed to, and none ended a process', async () => {
    expect(workshop.listener.connections).toBe(0);
    expect((await workshop.ask(undefined, '/health/ready')).status).toBe(200);
    expect((await stack.describe()).processes).toEqual(before);
  });
});
