import { ingestSubject, ingestTypes } from '../events.ts';
import { publishedEvents, type EventContract } from '../published-events/index.ts';
import { datasetName } from '../shapes.ts';
import type { ServiceName } from '../services.ts';
import { DataSchemas, type JsonSchema } from './data-schemas.ts';

/** Where the committed copy lies, from the root of the workspace. */
export const asyncApiFile = 'docs/asyncapi.yaml';

type Entity = keyof typeof publishedEvents;

/** CloudEvents `source` of what is told about an entity. */
const tellers: Readonly<Record<Entity, ServiceName>> = {
  import: 'import',
  export: 'export',
  dataset: 'records',
  records: 'records',
  key: 'auth',
};

/** CloudEvents `subject` of the same. */
const subjects: Readonly<Record<Entity, string>> = {
  import: 'Id of the import: events of one import come in their order.',
  export: 'Id of the export: events of one export come in their order.',
  dataset: 'Name of the dataset: its events come in their order.',
  records: 'Name of the dataset.',
  key: 'Id of the key: events of one key come in their order.',
};

/** What Keyport takes from the bus and tells it, as AsyncAPI 3.0 (asyncapi.com, "AsyncAPI Specification 3.0.0"). */
export function asyncApiDocument(): JsonSchema {
  const schemas = new DataSchemas();
  const told = Object.entries(publishedEvents).flatMap(([entity, events]) =>
    events.map((event) => describeEvent(entity as Entity, event, schemas.add(event.data))),
  );
  const given = ingestMessages(schemas.add(datasetName));
  return {
    asyncapi: '3.0.0',
    info,
    defaultContentType: 'application/cloudevents+json',
    servers: { bus: { host: '127.0.0.1:4222', protocol: 'nats', description: 'The local stack; see the guides.' } },
    channels: {
      [ingestChannel]: given.channel,
      ...Object.fromEntries(told.map(({ name, channel }) => [name, channel])),
    },
    operations: {
      takeRecords: given.operation,
      ...Object.fromEntries(told.map(({ name, operation }) => [`tell${capital(name)}`, operation])),
    },
    components: {
      messages: { ...given.messages, ...Object.fromEntries(told.map(({ name, message }) => [name, message])) },
      schemas: schemas.all(),
    },
  };
}

const info = {
  title: 'Keyport on the bus',
  version: '1.0.0',
  description:
    'Events of internal services that become records, and events that Keyport publishes, as CloudEvents 1.0 (JSON event ' +
    'format) on NATS JetStream. Each event comes at least once: an `id` that a listener has seen of a `source` is nothing ' +
    'new. Events of one `subject` come in the order in which they happened.',
  license: { name: 'MIT' },
};

const ingestChannel = 'records';

function describeEvent(entity: Entity, event: EventContract, data: JsonSchema) {
  const name = camel(event.type.split('.').slice(1));
  return {
    name,
    channel: { address: event.subject, messages: { [name]: { $ref: `#/components/messages/${name}` } } },
    operation: {
      action: 'send',
      channel: { $ref: `#/channels/${name}` },
      summary: event.summary,
      messages: [{ $ref: `#/channels/${name}/messages/${name}` }],
    },
    message: {
      name: event.type,
      summary: event.summary,
      headers: messageId,
      payload: envelope(
        {
          source: { const: `/keyport/${tellers[entity]}` },
          type: { const: event.type },
          subject: { type: 'string', description: subjects[entity] },
          time: { type: 'string', format: 'date-time' },
          datacontenttype: { const: 'application/json' },
          data,
        },
        ['subject', 'time', 'datacontenttype', 'data'],
      ),
    },
  };
}

const messageId = {
  type: 'object',
  properties: {
    'Nats-Msg-Id': { type: 'string', description: 'JetStream stores a message once within its duplicate window.' },
  },
};

function ingestMessages(dataset: JsonSchema) {
  const key = 'Key of the record: events of one key are applied in the order in which they were stored.';
  const record = { type: 'object', description: 'The record, checked as a row of an import is.' };
  const keyFields = { type: 'object', description: 'The key fields, where the dataset has several.' };
  const message = (type: string, summary: string, data: JsonSchema, required: readonly string[]) => ({
    name: type,
    summary,
    headers: messageId,
    payload: envelope({ source, type: { const: type }, subject: { type: 'string', description: key }, data }, required),
  });
  const names = ['recordUpserted', 'recordDeleted'];
  return {
    messages: {
      recordUpserted: message(ingestTypes.upserted, 'There is this record now.', record, ['data']),
      recordDeleted: message(ingestTypes.deleted, 'There is no such record any more.', keyFields, []),
    },
    channel: {
      address: ingestSubject('{dataset}'),
      description: 'Acknowledged by JetStream once it is stored; what cannot be written becomes a dead letter.',
      parameters: { dataset: { description: `Name of a dataset, as the schema ${String(dataset['$ref'])} says.` } },
      messages: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
    },
    operation: {
      action: 'receive',
      channel: { $ref: `#/channels/${ingestChannel}` },
      summary: 'Writes what internal services publish into a dataset.',
      messages: names.map((name) => ({ $ref: `#/channels/${ingestChannel}/messages/${name}` })),
    },
  };
}

const source = {
  type: 'string',
  minLength: 1,
  maxLength: 512,
  description: 'Who publishes; with `id` it names the event: the same again changes nothing.',
};

/** CloudEvents 1.0, "JSON Event Format". */
const envelope = (properties: Readonly<Record<string, unknown>>, required: readonly string[]) => ({
  type: 'object',
  required: ['specversion', 'id', 'source', 'type', ...required],
  properties: {
    specversion: { const: '1.0' },
    id: { type: 'string', minLength: 1, maxLength: 256 },
    ...properties,
  },
});

const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);
const camel = (words: readonly string[]) => words.map((word, index) => (index === 0 ? word : capital(word))).join('');
