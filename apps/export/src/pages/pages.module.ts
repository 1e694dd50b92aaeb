import { Module } from '@nestjs/common';
import { ReadingModule } from '../reading/reading.module.ts';
import { PagesHandler } from './pages.handler.ts';
import { PagesService } from './pages.service.ts';

@Module({ imports: [ReadingModule], controllers: [PagesHandler], providers: [PagesService] })
export class PagesModule {}
