export { HomeInUseError } from './home/lock.ts';
export { startServers, type AppEnvironment, type Servers, type ServersOptions } from './servers/start-servers.ts';
export { readStackConfig, type Replicas, type StackConfig } from './config.ts';
export type { StackDescription } from './supervisor/stack-file.ts';
export { PortTakenError, type AppCommand } from './supervisor/app-plans.ts';
export type { AppReady } from './supervisor/app-ipc.ts';
export { startStack, type Stack, type StackOptions } from './supervisor/start-stack.ts';
