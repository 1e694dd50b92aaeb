import { writeFile } from 'node:fs/promises';
import { asyncApiFile } from './asyncapi-document.ts';
import { asyncApiText } from './asyncapi-text.ts';

// nx runs targets in the root of the workspace.
await writeFile(asyncApiFile, asyncApiText());
