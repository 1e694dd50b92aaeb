export { connectPublisher, connectWithKey, inboxOf, type Credentials } from './connect-publisher.ts';
export { PublishError, type PublishErrorCode } from './publish-error.ts';
export {
  Publisher,
  type DatasetSchemas,
  type Deletion,
  type Published,
  type PublisherOptions,
  type Upsert,
} from './publisher.ts';
