import { stringify } from 'yaml';
import { asyncApiDocument } from './asyncapi-document.ts';

/** The document as it is committed; only the tool and its test need YAML. */
export const asyncApiText = (): string =>
  stringify(asyncApiDocument(), { lineWidth: 120, aliasDuplicateObjects: false });
