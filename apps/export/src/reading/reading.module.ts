import { Module } from '@nestjs/common';
import { DatasetReader } from './dataset-reader.service.ts';

@Module({ providers: [DatasetReader], exports: [DatasetReader] })
export class ReadingModule {}
