import { describe, expect, it } from '@jest/globals';
import { MsgImpl, Parser, type ParserEvent } from '@nats-io/nats-core/internal';
import { StoredMessage } from './stored-message.ts';

/** The message as the client hands it over that read these headers and this body. */
function received(headers: string, body = ''): StoredMessage {
  const events: ParserEvent[] = [];
  const parser = new Parser({ push: (event: ParserEvent) => events.push(event) });
  const [head, all] = [Buffer.byteLength(headers), Buffer.byteLength(headers + body)];
  parser.parse(Buffer.from(`HMSG subject 1 ${head} ${all}\r\n${headers}${body}\r\n`));
  const [event] = events;
  if (!event?.msg) throw new Error('there is no message');
  return new StoredMessage(new MsgImpl(event.msg, event.data ?? new Uint8Array(), undefined as never));
}

const stored = [
  'NATS/1.0',
  'Nats-Stream: KV_rights',
  'Nats-Subject: $KV.rights.user.1',
  'Nats-Sequence: 12',
  'Nats-Time-Stamp: 2026-11-30T14:14:28.147533482Z',
  '\r\n',
].join('\r\n');

describe('StoredMessage', () => {
  it('says what JetStream says of it', () => {
    const message = received(stored, '{"n":1}');

    expect(message.status).toBe(0);
    expect(message.subject).toBe('$KV.rights.user.1');
    expect(message.seq).toBe(12);
    expect(message.time).toEqual(new Date('2026-11-30T14:14:28.147Z'));
    expect(Buffer.from(message.data).toString()).toBe('{"n":1}');
    expect(message.isPut).toBe(true);
  });

  it('takes what a publisher wrote into the same headers for nothing', () => {
    const forged = stored.replace('NATS/1.0', 'NATS/1.0\r\nNats-Sequence: 99\r\nNats-Subject: $KV.rights.user.2');

    const message = received(forged);

    expect([message.seq, message.subject]).toEqual([12, '$KV.rights.user.1']);
  });

  it.each(['KV-Operation: DEL', 'KV-Operation: PURGE', 'Nats-Marker-Reason: MaxAge'])('is no entry with %s', (line) => {
    expect(received(stored.replace('NATS/1.0', `NATS/1.0\r\n${line}`)).isPut).toBe(false);
  });

  it.each([
    ['NATS/1.0 204 EOB\r\nNats-Num-Pending: 7\r\nNats-Last-Sequence: 5\r\n\r\n', 204],
    ['NATS/1.0 404 Message Not Found\r\n\r\n', 404],
    ['NATS/1.0 503\r\n\r\n', 503],
  ])('knows the status of %j', (headers, status) => {
    expect(received(headers).status).toBe(status);
  });
});
