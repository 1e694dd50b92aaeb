import { Module, type DynamicModule, type OnApplicationShutdown, Inject } from '@nestjs/common';
import mongoose, { type Connection } from 'mongoose';

/** Injection token of the process's one MongoDB connection. */
export const MONGO_CONNECTION = Symbol('MONGO_CONNECTION');

/**
 * Gives a service its own database. Writes that count are acknowledged by a majority and journalled, and reads see what
 * a majority has (MongoDB manual, "Read Concern", "Write Concern").
 */
@Module({})
export class MongoModule implements OnApplicationShutdown {
  constructor(@Inject(MONGO_CONNECTION) private readonly connection: Connection) {}

  static on(url: string, options: { readonly maxPoolSize?: number } = {}): DynamicModule {
    return {
      module: MongoModule,
      global: true,
      providers: [{ provide: MONGO_CONNECTION, useFactory: () => connectMongo(url, options) }],
      exports: [MONGO_CONNECTION],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.connection.close();
  }
}

/** Connects, waiting for a server that is not there yet. Indexes are made by {@link syncIndexes}, not behind one's back. */
export function connectMongo(
  url: string,
  options: { readonly maxPoolSize?: number; readonly serverSelectionTimeoutMS?: number } = {},
): Promise<Connection> {
  return mongoose
    .createConnection(url, {
      autoIndex: false,
      autoCreate: false,
      writeConcern: { w: 'majority', journal: true },
      readConcern: { level: 'majority' },
      serverSelectionTimeoutMS: 30_000,
      ...options,
    })
    .asPromise();
}

/** Creates the collections and indexes that the models declare; safe to run in several processes at once. */
export async function syncIndexes(connection: Connection): Promise<void> {
  // Side by side: each waits for the disk, and a service has up to twenty.
  await Promise.all(
    Object.values(connection.models).map(async (model) => {
      await model.createCollection();
      await model.createIndexes();
    }),
  );
}
