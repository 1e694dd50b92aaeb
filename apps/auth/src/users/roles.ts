import { datasetResources, scopeActions, type Resource, type Role } from '@keyport/contracts';

const isOfDatasets = (resource: Resource) => (datasetResources as readonly Resource[]).includes(resource);
const everythingOn = (resource: Resource) => (isOfDatasets(resource) ? `${resource}:*:*` : `${resource}:*`);

/** What each role may do; a member may what is stored on the user. */
export const scopesOfRole: Readonly<Record<Exclude<Role, 'member'>, readonly string[]>> = {
  owner: ['*'],
  admin: (Object.keys(scopeActions) as Resource[]).filter((resource) => resource !== 'signing-keys').map(everythingOn),
};

/** What a user may do at most. */
export const scopesOfUser = ({ role, scopes = [] }: { role: Role; scopes?: readonly string[] }): readonly string[] =>
  role === 'member' ? scopes : scopesOfRole[role];
