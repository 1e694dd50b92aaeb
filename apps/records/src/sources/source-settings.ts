import { datasetMapping } from '@keyport/contracts';
import { z } from 'zod';

/** The database is part of the address: a mapping names the collection alone. */
const sourceUrl = z.string().regex(/^mongodb(\+srv)?:\/\/[^/?]+\/[^/?]+/, 'must be mongodb://…/<database>');

const sourcesByName = z.record(datasetMapping.shape.source, sourceUrl);

/** A JSON object, from the environment. What is wrong with it is said without its values: they hold passwords. */
export const sourceAddresses = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: 'custom', message: 'must be a JSON object of addresses by name' });
      return z.NEVER;
    }
  })
  .pipe(sourcesByName)
  .optional();

/** Injection token. */
export const SOURCE_SETTINGS = Symbol('SOURCE_SETTINGS');

export interface SourceSettings {
  /** By name; secret, since a password may be in one. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Keyport's own database on every source's deployment. */
  readonly ledgerDatabase: string;
}
