import { FileError } from '@keyport/codec';
import { KeyportError } from '@keyport/contracts';

/** What a caller is told of a file that cannot be read on. */
export function fileFault(error: unknown): unknown {
  if (!(error instanceof FileError)) return error;
  const { code, offset, message } = error;
  switch (code) {
    case 'EMPTY_FILE':
      return new KeyportError('EMPTY_FILE', {}, { cause: error });
    case 'TRUNCATED_ARRAY':
      return new KeyportError('TRUNCATED_ARRAY', { offset }, { cause: error });
    case 'BAD_HEADER':
    case 'HEADER_TOO_LARGE':
      return new KeyportError('BAD_HEADER', { reason: message }, { cause: error });
    case 'NOT_AN_ARRAY':
    case 'TRAILING_DATA':
      return new KeyportError('MALFORMED_FILE', { offset, reason: message }, { cause: error });
  }
}
