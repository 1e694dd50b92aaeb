import { describe, expect, it } from '@jest/globals';
import { datasetOf, maxEventBytes, readRecordEvent } from './record-event.ts';

const attributes = { specversion: '1.0', id: '1', source: '/shop', type: 'keyport.record.upserted' };
const read = (event: object) => readRecordEvent(Buffer.from(JSON.stringify(event)));
const codeOf = (bytes: Uint8Array) => readRecordEvent(bytes).problem?.code;

describe('a CloudEvent on ingest.v1.<dataset>', () => {
  it('gives its record byte by byte, as it was sent', () => {
    const data = '{ "n": 12345678901234567890, "d": {"$numberDecimal":"1.10"}, "x": 1.0 }';
    const text = `{"specversion":"1.0","data":${data},"id":"1","source":"/shop","type":"keyport.record.upserted","subject":"A"}`;

    const { event } = readRecordEvent(Buffer.from(text));

    expect(Buffer.from(event?.data ?? []).toString()).toBe(data);
    expect(event).toMatchObject({ id: '1', source: '/shop', subject: 'A', isDelete: false });
  });

  it('needs no data to delete, and none is what null is', () => {
    expect(read({ ...attributes, type: 'keyport.record.deleted', subject: 'A' }).event).toMatchObject({
      isDelete: true,
    });
    expect(read({ ...attributes, type: 'keyport.record.deleted', data: null }).event?.data).toBeUndefined();
  });

  it('may have extensions, and attributes named as what every object has', () => {
    const text = `{"__proto__":"x","constructor":1,"traceparent":"00-1",${JSON.stringify({ ...attributes, data: {} }).slice(1)}`;

    expect(readRecordEvent(Buffer.from(text)).event).toMatchObject({ id: '1' });
  });

  it.each([
    ['not json', 'EVENT_NOT_JSON', undefined],
    ['[1]', 'EVENT_NOT_JSON', undefined],
    ['', 'EVENT_NOT_JSON', undefined],
    ['{"specversion":', 'EVENT_NOT_JSON', undefined],
    ['{"specversion":1.0.0}', 'EVENT_NOT_JSON', undefined],
    ['{}', 'EVENT_NOT_VALID', 'specversion'],
    [JSON.stringify({ ...attributes, specversion: '0.3', data: {} }), 'EVENT_NOT_VALID', 'specversion'],
    [JSON.stringify({ ...attributes, id: '', data: {} }), 'EVENT_NOT_VALID', 'id'],
    [JSON.stringify({ ...attributes, source: undefined, data: {} }), 'EVENT_NOT_VALID', 'source'],
    [JSON.stringify({ ...attributes, time: 'yesterday', data: {} }), 'EVENT_NOT_VALID', 'time'],
    [JSON.stringify(attributes), 'EVENT_NOT_VALID', 'data'],
    [JSON.stringify({ ...attributes, data_base64: 'e30=' }), 'EVENT_NOT_VALID', 'data_base64'],
    [JSON.stringify({ ...attributes, datacontenttype: 'text/xml', data: {} }), 'EVENT_NOT_VALID', 'datacontenttype'],
    [`{"id":"2",${JSON.stringify({ ...attributes, data: {} }).slice(1)}`, 'EVENT_NOT_VALID', 'id'],
    [JSON.stringify({ ...attributes, type: 'shop.order.placed', data: {} }), 'EVENT_TYPE_UNKNOWN', 'type'],
  ])('is refused by name: %s', (text, code, path) => {
    expect(readRecordEvent(Buffer.from(text)).problem).toMatchObject({ code, ...(path && { path }) });
  });

  it('is refused where it is no UTF-8, or too large', () => {
    expect(codeOf(Buffer.from([0x7b, 0xff, 0x7d]))).toBe('EVENT_NOT_JSON');
    expect(codeOf(Buffer.alloc(maxEventBytes + 1, ' '))).toBe('EVENT_TOO_LARGE');
  });

  it('keeps its name where only its type is unknown', () => {
    expect(read({ ...attributes, type: 'other', data: {} }).name).toMatchObject({
      id: '1',
      source: '/shop',
      type: 'other',
    });
  });
});

describe('the subject on the bus', () => {
  it.each([
    ['ingest.v1.orders', 'orders'],
    ['ingest.v1.Orders', undefined],
    ['ingest.v1.9', undefined],
    ['ingest.v1.', undefined],
  ])('%s names the dataset %s', (subject, dataset) => {
    expect(datasetOf(subject)).toBe(dataset);
  });
});
