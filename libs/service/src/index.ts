export { loadConfig, serviceConfig, storedServiceConfig } from './config.ts';
export { letHeapGrow } from './heap-growth.ts';
export { announceReady, endWithLauncher } from './launcher.ts';
export { loggingModule } from './logging.ts';
export { runService, type ServiceDefinition } from './run-service.ts';
export { importDefaults, requestDefaults, usageDefaults } from './usage-defaults.ts';
export { Slots } from './slots.ts';
