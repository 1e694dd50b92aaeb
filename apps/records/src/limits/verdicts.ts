/** Asks which queries documents match. */
export type Matcher = (documents: readonly Buffer[]) => Promise<readonly ReadonlySet<number>[]>;

/** So many times all documents that are not known yet are asked for together; then one at a time, the first. */
const roundsTogether = 8;

/**
 * Which documents match which queries, as far as MongoDB was asked. One not asked yet is taken to match everything, and
 * remembered: whoever decided by it decides again once {@link settle} has asked. What a row meets depends on the rows
 * before it, so what is asked first is true for good, and every round settles at least one row.
 */
export class Verdicts {
  private readonly known = new Map<string, ReadonlySet<number>>();
  private readonly wanted = new Map<string, Buffer>();
  private rounds = 0;

  constructor(private readonly matcher: Matcher) {}

  matches(document: Buffer, query: number | undefined): boolean {
    if (query === undefined) return true;
    // Bytes as characters: as distinct as the bytes.
    const text = document.toString('latin1');
    const verdict = this.known.get(text);
    if (!verdict) this.wanted.set(text, document);
    return verdict?.has(query) ?? true;
  }

  /** False where every verdict given since the last time was true. */
  async settle(): Promise<boolean> {
    const asked = [...this.wanted].slice(0, this.rounds < roundsTogether ? undefined : 1);
    this.wanted.clear();
    this.rounds += 1;
    if (asked.length === 0) return false;
    const verdicts = await this.matcher(asked.map(([, document]) => document));
    asked.forEach(([text], index) => this.known.set(text, verdicts[index] ?? new Set()));
    return true;
  }
}
