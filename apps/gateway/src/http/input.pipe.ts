import { KeyportError } from '@keyport/contracts';
import { StandardSchemaValidationPipe, type ArgumentMetadata } from '@nestjs/common';

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[];
  readonly code?: string;
}

/** Checks what a route declares of its body, query and path, and names every value that is wrong: VALIDATION_FAILED. */
export class InputPipe extends StandardSchemaValidationPipe {
  constructor() {
    super({ exceptionFactory: (issues) => new InputFault(issues) });
  }

  override async transform<T = unknown>(value: T, metadata: ArgumentMetadata): Promise<T> {
    try {
      return await super.transform(value, metadata);
    } catch (error) {
      if (!(error instanceof InputFault)) throw error;
      throw error.at(metadata);
    }
  }
}

class InputFault extends Error {
  constructor(private readonly issues: readonly Issue[]) {
    super('the input is not valid');
  }

  /** A path parameter is named itself; a body that is wrong as a whole is called `body`. */
  at({ data, type }: ArgumentMetadata): KeyportError {
    const errors = this.issues.map(({ path = [], code, message }) => ({
      path:
        [data, ...path.map((part) => String(typeof part === 'object' ? part.key : part))].filter(Boolean).join('.') ||
        type,
      code: code ?? 'invalid',
      message,
    }));
    return new KeyportError('VALIDATION_FAILED', {}, { errors });
  }
}
