export * from './client-authentication.ts';
export * from './clients.ts';
export * from './device.ts';
export * from './introspection.ts';
export * from './token.ts';
