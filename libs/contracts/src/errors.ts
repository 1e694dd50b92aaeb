import { errorTable, type ErrorCode } from './error-table.ts';

export type { ErrorCode } from './error-table.ts';

/** One field that failed a check. */
export interface FieldProblem {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

export type ErrorParams = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * The one error class of the project. The code decides status, title and text (docs/errors.md); the gateway alone turns
 * it into an RFC 9457 problem. Params fill the `{names}` of the table's text: never put a secret there.
 */
export class KeyportError extends Error {
  readonly code: ErrorCode;
  readonly params: ErrorParams;
  readonly errors: readonly FieldProblem[] | undefined;

  constructor(
    code: ErrorCode,
    params: ErrorParams = {},
    options: ErrorOptions & { errors?: readonly FieldProblem[] } = {},
  ) {
    super(describeError(code, params), options);
    this.name = 'KeyportError';
    this.code = code;
    this.params = params;
    this.errors = options.errors;
  }

  get status(): number {
    return errorTable[this.code].status;
  }

  get title(): string {
    return errorTable[this.code].title;
  }
}

/** The sentence and next step of a code, with `{name}` replaced by the param of that name. */
export function describeError(code: ErrorCode, params: ErrorParams): string {
  const { detail, next } = errorTable[code];
  return `${detail} ${next}`.replace(/\{(\w+)\}/g, (placeholder, name: string) => String(params[name] ?? placeholder));
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code);
}
