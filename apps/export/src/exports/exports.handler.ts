import { CallerOf, type Caller } from '@keyport/access';
import {
  cancelExport,
  createExport,
  createExportLink,
  deleteExport,
  getExport,
  getExportProgress,
  listExports,
  readExportFile,
  type ReplyOf,
  type RequestOf,
} from '@keyport/contracts';
import { Handles, spending } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ExportFiles } from './export-files.service.ts';
import { ExportsService } from './exports.service.ts';

@Controller()
export class ExportsHandler {
  constructor(
    private readonly exports: ExportsService,
    private readonly files: ExportFiles,
  ) {}

  @Handles(createExport)
  create(@Payload() request: RequestOf<typeof createExport>, @CallerOf() caller: Caller) {
    return this.exports.create(request, caller);
  }

  @Handles(getExport)
  get(@Payload() { exportId }: RequestOf<typeof getExport>, @CallerOf() caller: Caller) {
    return this.exports.get(exportId, caller);
  }

  @Handles(getExportProgress)
  progress(@Payload() { exportId }: RequestOf<typeof getExportProgress>, @CallerOf() caller: Caller) {
    return this.exports.progress(exportId, caller);
  }

  @Handles(cancelExport)
  cancel(@Payload() { exportId }: RequestOf<typeof cancelExport>, @CallerOf() caller: Caller) {
    return this.exports.cancel(exportId, caller);
  }

  @Handles(listExports)
  list(@Payload() request: RequestOf<typeof listExports>, @CallerOf() caller: Caller) {
    return this.exports.list(request, caller);
  }

  @Handles(deleteExport)
  async delete(@Payload() { exportId }: RequestOf<typeof deleteExport>, @CallerOf() caller: Caller) {
    await this.exports.delete(exportId, caller);
    return {};
  }

  @Handles(readExportFile)
  async readFile(
    @Payload() request: RequestOf<typeof readExportFile>,
    @CallerOf() caller: Caller,
  ): Promise<ReplyOf<typeof readExportFile>> {
    const bytes = await this.files.read(request, caller);
    return spending({ bytes }, bytes);
  }

  @Handles(createExportLink)
  link(@Payload() request: RequestOf<typeof createExportLink>, @CallerOf() caller: Caller) {
    return this.files.link(request, caller);
  }
}
