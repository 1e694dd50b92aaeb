import { hash } from 'node:crypto';

/** Characters of token text whose results are kept: what is remembered of a token grows with it. */
const maxCharacters = 64 * 1024 * 1024;

/**
 * Remembers tokens that verified, by hash, until they expire. Only good tokens enter, so a flood of bad ones pushes
 * nothing out; when full, the oldest entry goes.
 */
export class VerifiedCache<Value extends { readonly exp: number }> {
  private readonly entries = new Map<string, { readonly value: Value; readonly characters: number }>();
  private characters = 0;

  constructor(
    private readonly capacity = 50_000,
    private readonly characterCapacity = maxCharacters,
  ) {}

  get(token: string, nowSeconds: number): Value | undefined {
    const key = hashOf(token);
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    if (entry.value.exp > nowSeconds) return entry.value;
    this.delete(key);
    return undefined;
  }

  set(token: string, value: Value): void {
    const key = hashOf(token);
    this.delete(key);
    this.entries.set(key, { value, characters: token.length });
    this.characters += token.length;
    while (this.entries.size > this.capacity || this.characters > this.characterCapacity) {
      const oldest = this.entries.keys().next();
      if (oldest.done) return;
      this.delete(oldest.value);
    }
  }

  private delete(key: string): void {
    this.characters -= this.entries.get(key)?.characters ?? 0;
    this.entries.delete(key);
  }
}

const hashOf = (token: string) => hash('sha256', token, 'base64url');
