import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deleteRecord, getRecord } from '@keyport/contracts';
import { BSON, Decimal128, EJSON, Int32, Long, ObjectId } from 'bson';
import { RecordsSystem } from '../harness/records-system.ts';

let system: RecordsSystem;
const hex = '65f000000000000000000001';

beforeAll(async () => {
  system = await RecordsSystem.start();
  await system.dataset('single');
  await system.write('single', [
    { _id: new ObjectId(hex), is: 'an ObjectId' },
    { _id: hex, is: 'its text' },
    { _id: new Int32(5), price: new Decimal128('1.10') },
    { _id: { shop: 'a', no: Long.fromNumber(7) }, is: 'a document' },
    { _id: 'a/b ü', at: new Date(0) },
  ]);
});

afterAll(() => system.stop());

const get = (id: string) => system.json('single', id);
const remove = (id: string) => system.bus.ask('gateway', deleteRecord, { dataset: 'single', id });

describe('a single record', () => {
  it('is found by the text of its id, of any type', async () => {
    const document = EJSON.stringify({ shop: 'a', no: Long.fromNumber(7) }, { relaxed: false });

    expect(await get(hex)).toBe(`{"_id":{"$oid":"${hex}"},"is":"an ObjectId"}`);
    expect(await get('{"$numberInt":"5"}')).toBe('{"_id":5,"price":{"$numberDecimal":"1.10"}}');
    expect(await get('a/b ü')).toBe('{"_id":"a/b ü","at":{"$date":"1970-01-01T00:00:00Z"}}');
    expect(JSON.parse(await get(document))).toMatchObject({ is: 'a document' });
    await expect(get('5')).rejects.toMatchObject({ code: 'RECORD_NOT_FOUND' });
    await expect(get('{"$where":"1"}')).rejects.toMatchObject({ code: 'RECORD_NOT_FOUND' });
  });

  it('is deleted by the text of its id, one at a time', async () => {
    await remove(hex);
    expect(await get(hex)).toContain('its text');
    await remove(hex);

    await expect(get(hex)).rejects.toMatchObject({ code: 'RECORD_NOT_FOUND' });
    await expect(remove(hex)).rejects.toMatchObject({ code: 'RECORD_NOT_FOUND' });
  });

  it('arrives whole although its text is many times its size, up to what a message carries', async () => {
    const controls = (count: number) => '\u0001'.repeat(count);
    await system.write('single', [{ _id: 'fits', text: controls(1_100_000) }]);
    await system.write('single', [{ _id: 'bursts', text: controls(3_000_000) }]);

    expect(JSON.parse(await get('fits'))).toEqual({ _id: 'fits', text: controls(1_100_000) });
    const bursts = await system.bus.ask('gateway', getRecord, { dataset: 'single', id: 'bursts' });
    expect(Object.keys(bursts)).toEqual(['datasetId', 'large']);
    const document = 'large' in bursts && (await system.large({ dataset: 'single', ...bursts }));
    expect(document && BSON.deserialize(document).text === controls(3_000_000)).toBe(true);
  });

  it('takes the rights to read and to delete', async () => {
    const authority = await system.bus.caller('records:update:*', 'records:create:*');
    const request = { dataset: 'single', id: 'a/b ü' };

    for (const contract of [getRecord, deleteRecord]) {
      const asked = system.bus.ask('gateway', contract, request, { authority });
      await expect(asked).rejects.toMatchObject({ code: 'INSUFFICIENT_SCOPE' });
    }
  });
});
