import { z } from 'zod';

/** A boolean as a query spells it. */
export const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
