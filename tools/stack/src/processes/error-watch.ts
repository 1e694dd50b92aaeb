import { errorsIn } from './error-lines.ts';
import { readFrom } from './log-file.ts';

const everyMs = 1_000;
const shownPerMinute = 5;

interface WatchedLog {
  readonly name: string;
  readonly path: string;
  offset: number;
}

/** Repeats errors from the apps' logs on the console, a few a minute; the logs have them all. */
export class ErrorWatch {
  readonly #log: (line: string) => void;
  readonly #logs: WatchedLog[];
  readonly #timer: NodeJS.Timeout;
  #minute = 0;
  #shown = 0;

  constructor(logs: readonly { name: string; path: string }[], log: (line: string) => void) {
    this.#log = log;
    this.#logs = logs.map(({ name, path }) => ({ name, path, offset: readFrom(path, 0, 0).size }));
    this.#timer = setInterval(() => this.#look(), everyMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    for (const watched of this.#logs) {
      const { text, size } = readFrom(watched.path, watched.offset);
      // A line may still be half written: it is read with the next look.
      const whole = text.lastIndexOf('\n') + 1;
      watched.offset = size - Buffer.byteLength(text.slice(whole));
      for (const message of errorsIn(text.slice(0, whole))) this.#show(watched, message);
    }
  }

  #show({ name, path }: WatchedLog, message: string): void {
    const minute = Math.floor(Date.now() / 60_000);
    if (minute !== this.#minute) [this.#minute, this.#shown] = [minute, 0];
    this.#shown += 1;
    if (this.#shown <= shownPerMinute) this.#log(`${name}: ${message}`);
    if (this.#shown === shownPerMinute + 1) this.#log(`more errors are in the logs, such as ${path}`);
  }
}
