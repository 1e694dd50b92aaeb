import { Module } from '@nestjs/common';
import { DatasetReader } from './dataset-reader.service.ts';
import { LargeDocuments } from './large-documents.service.ts';

@Module({ providers: [DatasetReader, LargeDocuments], exports: [DatasetReader] })
export class ReadingModule {}
