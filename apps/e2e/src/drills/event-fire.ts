import { ingestTypes } from '@keyport/contracts';
import type { BusPublisher } from '../bus-publisher.ts';
import { eventText } from '../bus-publisher.ts';

/** One event as a publisher means it. */
interface Meant {
  readonly id: string;
  readonly text: string;
  /** Of a good one: the record that it leaves under its key, or none. */
  readonly effect: { readonly k: number; readonly record: Readonly<Record<string, unknown>> | undefined } | undefined;
  /** Of a bad one: the code of its dead letter. */
  readonly code: string | undefined;
}

const maxTogether = 60;
/** Each publisher has keys of its own: only so is their order known. */
const keysEach = 25;

/** A service that publishes changes of its records, and again what was not acknowledged, until that is. */
export class EventFire {
  readonly records = new Map<number, Readonly<Record<string, unknown>>>();
  readonly deadLetters = new Map<string, string>();
  published = 0;
  /** Publishings that were not acknowledged, and done again. */
  retried = 0;
  private count = 0;
  private readonly sent: Meant[] = [];

  constructor(
    private readonly bus: BusPublisher,
    private readonly dataset: string,
    private readonly number: number,
    private readonly random: () => number,
  ) {}

  async until(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const some = Array.from({ length: 1 + this.below(maxTogether) }, () => this.next());
      await this.publish(some);
      for (const { effect, code, id } of some) {
        if (code !== undefined) this.deadLetters.set(id, code);
        else if (effect?.record) this.records.set(effect.k, effect.record);
        else if (effect) this.records.delete(effect.k);
      }
      this.sent.push(...some);
      this.published += some.length;
      // What was written long ago comes again, and must change nothing; a bad event must not become another letter.
      if (this.random() < 0.2) await this.publish([this.sent[this.below(this.sent.length)] as Meant]);
    }
  }

  private async publish(some: readonly Meant[]): Promise<void> {
    const texts = some.map(({ text }) => text);
    for (;;) {
      try {
        if (texts.length === 1) await this.bus.one(this.dataset, texts[0] as string);
        else await this.bus.batch(this.dataset, texts);
        return;
      } catch {
        this.retried += 1;
      }
    }
  }

  private next(): Meant {
    this.count += 1;
    const id = `${this.number}-${this.count}`;
    const source = `/publisher/${this.number}`;
    const k = this.number * keysEach + this.below(keysEach);
    const dice = this.random();
    const meant = (attributes: object, rest: Pick<Meant, 'effect' | 'code'>): Meant => ({
      ...{ id: `${source} ${id}`, text: eventText({ id, source, ...attributes }) },
      ...rest,
    });
    if (dice < 0.02) return meant({ data: { k, v: 'none' } }, { effect: undefined, code: 'TYPE_MISMATCH' });
    if (dice < 0.03) return meant({ data: { v: 1 } }, { effect: undefined, code: 'MISSING_KEY' });
    if (dice < 0.04)
      return meant({ type: 'shop.order', data: { k } }, { effect: undefined, code: 'EVENT_TYPE_UNKNOWN' });
    if (dice < 0.2) {
      const attributes = { type: ingestTypes.deleted, subject: String(k) };
      return meant(attributes, { effect: { k, record: undefined }, code: undefined });
    }
    const record = { k, v: this.count, by: this.number };
    return meant({ data: record }, { effect: { k, record }, code: undefined });
  }

  private below(end: number): number {
    return Math.floor(this.random() * end);
  }
}
