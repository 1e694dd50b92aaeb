import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { operationIdOf } from '../http/openapi.ts';
import { dataLeavesKey } from './data-leaves.decorator.ts';

export interface AuditedOperation {
  /** As in the OpenAPI document: `keys.create`. */
  readonly id: string;
  /** A change is in the audit before its answer leaves; what is only read need not wait for that. */
  readonly kind: 'change' | 'read';
}

const changes = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** `POST /v1/keys` → what is audited there: every route that may change something, and those that hand out data. */
export function auditedOperations(controllers: readonly Type[]): ReadonlyMap<string, AuditedOperation> {
  return new Map(controllers.flatMap(operationsOf));
}

function operationsOf(controller: Type): [string, AuditedOperation][] {
  const prototype = controller.prototype as Record<string, object>;
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    const handler = prototype[name];
    if (typeof handler !== 'function' || metadata(METHOD_METADATA, handler) === undefined) return [];
    const verb = RequestMethod[metadata(METHOD_METADATA, handler) as RequestMethod];
    const isChange = changes.has(verb);
    if (!isChange && metadata(dataLeavesKey, handler) !== true) return [];
    const path = [metadata(PATH_METADATA, controller), metadata(PATH_METADATA, handler)]
      .map((part) => String(part).replace(/^\/|\/$/g, ''))
      .filter((part) => part !== '')
      .join('/');
    return [[`${verb} /${path}`, { id: operationIdOf(controller.name, name), kind: isChange ? 'change' : 'read' }]];
  });
}

const metadata = (key: string, target: object): unknown => Reflect.getMetadata(key, target) as unknown;
