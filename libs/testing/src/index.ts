export { KeyportClient, parseNdjson, type Reply } from './keyport-client.ts';
export { orderNdjson, orderRow, randomFrom, type OrderRow } from './rows.ts';
export { TestStack, until, type OwnerFile, type TestStackOptions } from './test-stack.ts';
export { startServers, type Servers } from '@keyport/stack';
