import { z } from 'zod';

export const datasetResources = ['datasets', 'records', 'imports', 'exports', 'events'] as const;
export const deploymentResources = [
  'keys',
  'public-keys',
  'clients',
  'issuers',
  'users',
  'webhooks',
  'revocations',
  'signing-keys',
  'audit',
  'tokens',
] as const;

/** Actions of each resource; for the first five a dataset follows: an exact name, a trailing wildcard or `*`. */
export const scopeActions = {
  datasets: ['read', 'create', 'update', 'delete', 'map'],
  records: ['read', 'create', 'update', 'delete'],
  imports: ['read', 'create', 'update'],
  exports: ['read', 'create', 'delete'],
  events: ['read', 'publish', 'update'],
  keys: ['read', 'create', 'update', 'delete'],
  'public-keys': ['read', 'create', 'update', 'delete'],
  clients: ['read', 'create', 'update', 'delete'],
  issuers: ['read', 'create', 'update', 'delete'],
  users: ['read', 'create', 'update', 'delete'],
  webhooks: ['read', 'create', 'update', 'delete'],
  revocations: ['create', 'read', 'delete'],
  'signing-keys': ['read', 'create', 'update', 'delete'],
  audit: ['read'],
  tokens: ['introspect'],
} as const satisfies Record<
  (typeof datasetResources)[number] | (typeof deploymentResources)[number],
  readonly string[]
>;

export type Resource = keyof typeof scopeActions;
export type DatasetResource = (typeof datasetResources)[number];
type ActionsOf<R extends Resource> = { [K in R]: `${K}:${(typeof scopeActions)[K][number]}` }[R];
/** `resource:action` of resources that belong to a dataset. */
export type DatasetAction = ActionsOf<DatasetResource>;
/** `resource:action` of resources that belong to the deployment. */
export type GlobalAction = ActionsOf<Exclude<Resource, DatasetResource>>;

const datasetPattern = /^(?:\*|[a-z][a-z0-9_-]{0,62}\*?)$/;

/**
 * What is wrong with a scope, as a sentence for whoever asked for it; undefined where nothing is. Good are `*`,
 * `resource:action` and `resource:action:dataset` with the names of the table above; any action may be `*`.
 */
export function scopeFault(text: string): string | undefined {
  if (text === '*') return undefined;
  const [resource = '', action, dataset, ...rest] = text.split(':');
  if (!Object.hasOwn(scopeActions, resource))
    return `there is no resource ${resource}; there are ${Object.keys(scopeActions).join(', ')}`;
  const actions: readonly string[] = scopeActions[resource as Resource];
  if (action === undefined || (action !== '*' && !actions.includes(action)))
    return `${resource} has the actions ${actions.join(', ')} and *`;
  if ((deploymentResources as readonly string[]).includes(resource)) {
    return dataset === undefined ? undefined : `${resource}:${action} stands alone, without a dataset`;
  }
  if (dataset === undefined) return `a dataset must follow: ${text}:orders, ${text}:orders-* or ${text}:*`;
  if (rest.length > 0 || !datasetPattern.test(dataset))
    return 'the dataset must be a name, a name that ends with *, or *';
  return undefined;
}

export const isScope = (text: string): boolean => scopeFault(text) === undefined;

export const scope = z
  .string()
  .max(128)
  .check(({ value, issues }) => {
    const fault = scopeFault(value);
    if (fault !== undefined) issues.push({ code: 'custom', message: fault, input: value });
  })
  .meta({ id: 'Scope', example: 'records:read:orders' });

/** `resource:action` of a resource that belongs to a dataset, without wildcards. */
export const datasetAction = z
  .string()
  .max(64)
  .refine(
    (text) => isScope(`${text}:*`) && !text.includes('*'),
    'must be an action on a dataset, such as records:read',
  );
