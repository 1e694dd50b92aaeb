import { ANY, type TypeNode } from '../stored-types/stored-type.ts';

/** What is known of the value under a field name. */
export class Field {
  private root: Shape | undefined;

  constructor(
    readonly type: number,
    readonly types: TypeNode | undefined,
    private readonly budget: ShapeBudget,
  ) {}

  /** Where objects under this field begin. */
  get shape(): Shape {
    return (this.root ??= new Shape(new Uint8Array(0), this, false, this.budget, undefined));
  }
}

/** Shapes are kept for the life of a reader, so their number is bounded: a file of random names must not fill memory. */
export class ShapeBudget {
  left = 4096;
  private readonly shared = new Map<TypeNode | undefined, Field>();

  /** One field for all names that no shape is kept of, and for each that the schema knows. */
  sharedField(types: TypeNode | undefined): Field {
    let field = this.shared.get(types);
    if (!field) this.shared.set(types, (field = new Field(types?.type ?? ANY, types, this)));
    return field;
  }
}

const maxChildren = 8;

/**
 * The names of an object so far, as a path in a tree that grows with the rows read. Rows of one file mostly repeat the
 * same names in the same order: then a name is found by comparing it with the one that followed last time, and is known
 * to be allowed and not doubled.
 */
export class Shape {
  /** The child that matched last. */
  likely: Shape | undefined;
  private readonly children: Shape[] = [];
  private readonly hash: number;

  constructor(
    /** The name as UTF-8 and a closing quote. */
    readonly key: Uint8Array,
    readonly field: Field,
    readonly isId: boolean,
    private readonly budget: ShapeBudget,
    private readonly parent: Shape | undefined,
  ) {
    this.hash = hashOf(key);
  }

  /** The child whose name, with its closing quote, stands at `at`. */
  find(src: Uint8Array, at: number): Shape | undefined {
    for (const child of this.children) {
      const { key } = child;
      let i = 0;
      while (i < key.length && src[at + i] === key[i]) i++;
      if (i === key.length) return (this.likely = child);
    }
    return undefined;
  }

  /** A new child, or undefined where no more shapes are kept. */
  add(name: string, isId: boolean): Shape | undefined {
    if (this.children.length >= maxChildren || this.budget.left <= 0) return undefined;
    this.budget.left--;
    const types = this.typesBelow()?.children.get(name);
    const field = new Field(types?.type ?? ANY, types, this.budget);
    const child = new Shape(Buffer.from(`${name}"`), field, isId, this.budget, this);
    this.children.push(child);
    return (this.likely = child);
  }

  /** What is known of a name that no shape is kept of. */
  fieldNamed(name: string): Field {
    return this.budget.sharedField(this.typesBelow()?.children.get(name));
  }

  /** Whether the name is this one's or one before. A set of them for each new name would cost the square of a wide row. */
  hasName(name: string): boolean {
    const key = Buffer.from(`${name}"`);
    const hash = hashOf(key);
    if (this.parent && this.hash === hash && key.equals(this.key)) return true;
    for (let shape = this.parent; shape?.parent; shape = shape.parent) {
      if (shape.hash === hash && key.equals(shape.key)) return true;
    }
    return false;
  }

  names(): Set<string> {
    const names = this.parent?.names() ?? new Set<string>();
    if (this.parent) names.add(Buffer.from(this.key.subarray(0, -1)).toString());
    return names;
  }

  /** A shape's field tells of the value under its own name; what may follow beside it hangs on the object's field. */
  private typesBelow(): TypeNode | undefined {
    return this.parent ? this.parent.typesBelow() : this.field.types;
  }
}

/** FNV-1a: names that differ mostly differ here. */
function hashOf(key: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of key) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}
