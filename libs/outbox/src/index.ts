export { EventRelay } from './event-relay.service.ts';
export { outbox, OUTBOXES, type Outbox, type Outboxes, type Told } from './outbox.ts';
export { relaying } from './relaying.ts';
export { hasUntold, keepsUntold, untoldEvent, withUntold, type UntoldEvent, type WithUntold } from './untold-event.ts';
