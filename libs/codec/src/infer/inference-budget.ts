/** Keeps a proposal small: a dataset's schema may have 256 KiB, and a map of ids to values is no list of fields. */
export class InferenceBudget {
  private nameBytesLeft = 64 * 1024;

  constructor(private propertiesLeft: number) {}

  /**
   * Whether a field of this name is described. Names with a dot cannot be told from paths, and `__proto__` means
   * something else to most validators.
   */
  takes(name: string): boolean {
    if (name === '' || name.includes('.') || name === '__proto__') return false;
    const size = JSON.stringify(name).length;
    if (this.propertiesLeft === 0 || size > this.nameBytesLeft) return false;
    this.propertiesLeft--;
    this.nameBytesLeft -= size;
    return true;
  }
}
