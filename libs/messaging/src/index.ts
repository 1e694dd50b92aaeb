export { connectBus, type BusConfig } from './connection.ts';
export { BusErrorFilter, BusServer } from './bus-server.ts';
export { EventPublisher } from './event-publisher.ts';
export { contractKey, Handles, parseRequest } from './handles.ts';
export { createBucket, ensureStream, openBucket } from './jetstream.ts';
export { completionMarker, KvView, type KvViewOptions } from './kv-view.ts';
export { MessagingModule } from './messaging.module.ts';
export { Requester, type RequestOptions } from './requester.ts';
export { BUS_CONNECTION, SERVICE_NAME } from './tokens.ts';
