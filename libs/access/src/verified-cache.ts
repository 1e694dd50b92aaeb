import { createHash } from 'node:crypto';

/**
 * Remembers tokens that verified, by hash, until they expire. Only good tokens enter, so a flood of bad ones pushes
 * nothing out; when full, the oldest entry goes.
 */
export class VerifiedCache<Value extends { readonly exp: number }> {
  private readonly values = new Map<string, Value>();

  constructor(private readonly capacity = 50_000) {}

  get(token: string, nowSeconds: number): Value | undefined {
    const key = hashOf(token);
    const value = this.values.get(key);
    if (!value || value.exp > nowSeconds) return value;
    this.values.delete(key);
    return undefined;
  }

  set(token: string, value: Value): void {
    const key = hashOf(token);
    if (this.values.size >= this.capacity && !this.values.has(key)) {
      const oldest = this.values.keys().next();
      if (!oldest.done) this.values.delete(oldest.value);
    }
    this.values.set(key, value);
  }
}

const hashOf = (token: string) => createHash('sha256').update(token).digest('base64url');
