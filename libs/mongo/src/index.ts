export { connectMongo, MONGO_CONNECTION, MongoModule, syncIndexes } from './mongo.module.ts';
export { inTransaction } from './transaction.ts';
