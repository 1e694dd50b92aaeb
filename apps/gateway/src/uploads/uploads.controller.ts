import type { UploadView } from '@keyport/contracts';
import {
  applyDecorators,
  Controller,
  Delete,
  Head,
  HttpCode,
  Options,
  Param,
  Patch,
  Post,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes, ApiHeader, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AnyToken, Public } from '../access/scope.decorator.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { Describe } from '../http/describe.ts';
import { tus } from './tus-headers.ts';
import { TusVersionGuard } from './tus-version.guard.ts';
import { UploadsService } from './uploads.service.ts';

const header = (name: string, description: string, required = false) =>
  ApiHeader({ name, description, required, schema: { type: 'string' } });
const version = header('Tus-Resumable', '`1.0.0`', true);
const checksum = header('Upload-Checksum', '`sha1` or `sha256`, a blank, and the digest of the body in Base64');
const TakesBytes = () =>
  applyDecorators(
    RouteConfig({ streamsBody: true }),
    version,
    checksum,
    ApiConsumes(tus.contentType),
    ApiBody({ description: 'Bytes of the file', required: false, schema: { type: 'string', format: 'binary' } }),
  );

/** Resumable uploads as tus 1.0 has them (tus.io/protocols/resumable-upload); an upload's id is its import's. */
@ApiTags('uploads')
@Controller('v1/uploads')
@UseGuards(TusVersionGuard)
export class UploadsController {
  constructor(private readonly uploads: UploadsService) {}

  @Options()
  @Public()
  @HttpCode(200)
  @Describe({ summary: 'What of tus is spoken here', isPublic: true })
  options(@Res({ passthrough: true }) reply: FastifyReply): void {
    void reply.headers({
      'tus-version': tus.version,
      'tus-extension': tus.extensions,
      'tus-max-size': String(tus.maxBytes),
      'tus-checksum-algorithm': tus.checksumAlgorithms.join(','),
    });
  }

  @Post()
  @TakesBytes()
  @header('Upload-Length', 'Bytes of the whole file')
  @header('Upload-Defer-Length', '`1` where the length is told later')
  @header('Upload-Metadata', '`dataset`, `format` or `filetype`, `contentEncoding`, and the options of an import', true)
  @AnyToken()
  @Describe({
    summary: 'Begin a resumable upload, with its first bytes where there is a body',
    status: 201,
    errors: [
      'DATASET_NOT_FOUND',
      'EMPTY_FILE',
      'TUS_VERSION',
      'UNSUPPORTED_MEDIA_TYPE',
      'UPLOAD_TOO_LARGE',
      'UPLOAD_CHECKSUM',
      'VALIDATION_FAILED',
      'SPOOL_FULL',
      'TOO_MANY_IMPORTS',
      'TOO_MANY_IMPORTS_IN_ALL',
      'UPLOAD_EXCEEDS_SPOOL',
      'QUOTA_EXCEEDED',
    ],
  })
  async create(@Req() request: AuthenticatedRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    const { id, ...view } = await this.uploads.create(request);
    void reply.header('location', `/v1/uploads/${id}`).headers(headersOf(view));
  }

  @Head(':id')
  @AnyToken()
  @version
  @Describe({ summary: 'How far an upload has come', errors: ['IMPORT_NOT_FOUND', 'UPLOAD_GONE', 'TUS_VERSION'] })
  async find(
    @Req() request: AuthenticatedRequest,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const view = await this.uploads.find(request, id);
    void reply.headers({ ...headersOf(view), ...lengthOf(view), ...metadataOf(view) });
  }

  @Patch(':id')
  @TakesBytes()
  @header('Upload-Offset', 'Bytes of the upload before the body', true)
  @AnyToken()
  @HttpCode(204)
  @Describe({
    summary: 'Add bytes to an upload; the last byte seals it',
    status: 204,
    errors: [
      'IMPORT_NOT_FOUND',
      'TUS_VERSION',
      'UNSUPPORTED_MEDIA_TYPE',
      'UPLOAD_OFFSET',
      'UPLOAD_SUPERSEDED',
      'UPLOAD_GONE',
      'UPLOAD_TOO_LARGE',
      'UPLOAD_CHECKSUM',
      'UPLOAD_INCOMPLETE',
      'SPOOL_FULL',
      'UPLOAD_EXCEEDS_SPOOL',
      'QUOTA_EXCEEDED',
    ],
  })
  async goOn(
    @Req() request: AuthenticatedRequest,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    void reply.headers(headersOf(await this.uploads.goOn(request, id)));
  }

  @Delete(':id')
  @AnyToken()
  @version
  @HttpCode(204)
  @Describe({
    summary: 'End an upload, and its import; what is written stays and is counted',
    status: 204,
    errors: ['IMPORT_NOT_FOUND', 'UPLOAD_GONE', 'TUS_VERSION'],
  })
  terminate(@Req() request: AuthenticatedRequest, @Param('id') id: string): Promise<void> {
    return this.uploads.terminate(request, id);
  }
}

/** RFC 9110 §5.6.7 date of the end, where there is one. */
const headersOf = ({ offset, expiresAt }: UploadView) => ({
  'upload-offset': String(offset),
  ...(expiresAt !== null && { 'upload-expires': new Date(expiresAt).toUTCString() }),
});

const lengthOf = ({ length }: UploadView): Record<string, string> =>
  length === null ? { 'upload-defer-length': '1' } : { 'upload-length': String(length) };

const metadataOf = ({ metadata }: UploadView): Record<string, string> =>
  metadata === '' ? {} : { 'upload-metadata': metadata };
