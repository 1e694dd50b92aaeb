import 'reflect-metadata';
import { writeFile } from 'node:fs/promises';
import { openApiFile, openApiText } from './openapi-document.ts';

// nx runs targets in the root of the workspace.
await writeFile(openApiFile, await openApiText());
