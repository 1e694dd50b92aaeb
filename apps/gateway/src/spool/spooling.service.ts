import { reserveUpload } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { UploadPublisher, type Upload } from './upload-publisher.ts';

/** A request in the middle of an upload is repeated for so long, rather than break off a file that may be large. */
export const patiently = { retryForMs: 30_000 };

/** Passes bodies on to the spool, as far as `import` grants their bytes. */
@Injectable()
export class Spooling {
  constructor(
    private readonly bus: BusCaller,
    private readonly publisher: UploadPublisher,
  ) {}

  /** Length of the upload with this body. Throws what the publisher and {@link reserveUpload} throw. */
  add(request: AuthenticatedRequest, upload: Upload, body: AsyncIterable<Buffer>): Promise<number> {
    const { importId, epoch } = upload;
    return this.publisher.publish(upload, body, async (length) => {
      const { reservedBytes } = await this.bus.ask(request, reserveUpload, { importId, epoch, length }, patiently);
      return reservedBytes;
    });
  }
}
