import type { DatasetAction, GlobalAction } from '@keyport/contracts';
import { SetMetadata } from '@nestjs/common';

/** What a route asks of a token; every route declares one, and the guard refuses a route that has none. */
export type AccessRule =
  | { readonly kind: 'public' }
  | { readonly kind: 'anyToken' }
  | { readonly kind: 'clientOrToken' }
  | { readonly kind: 'fileLink' }
  | { readonly kind: 'scope'; readonly action: GlobalAction }
  | { readonly kind: 'datasetScope'; readonly action: DatasetAction };

export const accessRuleKey = 'keyport:access-rule';

const rule = (value: AccessRule) => SetMetadata(accessRuleKey, value);

/** No token needed. */
export const Public = () => rule({ kind: 'public' });

/** Any valid token; what it may see is decided by the service that answers. */
export const AnyToken = () => rule({ kind: 'anyToken' });

/** A token where the request brings one, else an OAuth 2 client, which the service that answers authenticates. */
export const ClientOrToken = () => rule({ kind: 'clientOrToken' });

/** The token of a link to the file of the export that the route names as `:id`, in the query; no other token. */
export const ByFileLink = () => rule({ kind: 'fileLink' });

export const RequiresScope = (action: GlobalAction) => rule({ kind: 'scope', action });

/** The scope on the dataset that the route names as `:name`. */
export const RequiresDatasetScope = (action: DatasetAction) => rule({ kind: 'datasetScope', action });
