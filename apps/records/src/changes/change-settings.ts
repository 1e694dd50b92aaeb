/** Injection token. */
export const CHANGE_SETTINGS = Symbol('CHANGE_SETTINGS');

export interface ChangeSettings {
  /** How long a change is kept. */
  readonly keepMs: number;
  /** How long a process that fell silent still counts as the one that follows a stream. */
  readonly leaseMs: number;
}
