/** Injection token of the process's one NATS connection. */
export const BUS_CONNECTION = Symbol('BUS_CONNECTION');
/** Injection token of the name of the service that this process runs. */
export const SERVICE_NAME = Symbol('SERVICE_NAME');
/** Injection token of the milliseconds without contact after which what is held of the bus is not believed; 0: always. */
export const STALE_VIEW_MS = Symbol('STALE_VIEW_MS');
