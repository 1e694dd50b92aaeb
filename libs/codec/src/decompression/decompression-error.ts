export type DecompressionFault = 'broken' | 'truncated' | 'trailing-data' | 'too-many-frames';

const meanings: Record<DecompressionFault, string> = {
  broken: 'cannot be unpacked',
  truncated: 'end early',
  'trailing-data': 'are followed by something else',
  'too-many-frames': 'consist of too many tiny frames',
};

/** An upload that cannot be unpacked on; what came before is out. */
export class DecompressionError extends Error {
  override readonly name = 'DecompressionError';

  constructor(
    readonly code: 'DECOMPRESSION_FAILED' | 'DECOMPRESSION_RATIO' | 'DECOMPRESSION_WINDOW',
    message: string,
    /** Given for DECOMPRESSION_FAILED alone. */
    readonly fault?: DecompressionFault,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export const failed = (encoding: string, fault: DecompressionFault, cause?: unknown): DecompressionError =>
  new DecompressionError('DECOMPRESSION_FAILED', `the ${encoding} data ${meanings[fault]}`, fault, { cause });
