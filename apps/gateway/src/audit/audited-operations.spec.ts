import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { MODULE_METADATA } from '@nestjs/common/constants.js';
import { AppModule } from '../app.module.ts';
import { auditedOperations } from './audited-operations.ts';

const controllers = Reflect.getMetadata(MODULE_METADATA.CONTROLLERS, AppModule) as Type[];

describe('The audited operations', () => {
  const operations = auditedOperations(controllers);

  it('are every change that a route can make, under the name that OpenAPI has for it', () => {
    const changes = [...operations].filter(([, { kind }]) => kind === 'change');

    expect(changes.length).toBeGreaterThan(10);
    expect(changes.every(([route]) => /^(?:POST|PUT|PATCH|DELETE) \/(?:v1|oauth)\//.test(route))).toBe(true);
    expect(operations.get('POST /v1/keys')).toEqual({ id: 'keys.create', kind: 'change' });
    expect(operations.get('DELETE /v1/datasets/:name/records/:id')).toEqual({ id: 'records.delete', kind: 'change' });
    expect(operations.get('POST /oauth/token')).toEqual({ id: 'oauth.token', kind: 'change' });
    expect(operations.get('POST /v1/auth/login')).toEqual({ id: 'sessions.login', kind: 'change' });
  });

  it('are, of reads, those that hand out records', () => {
    const reads = [...operations].flatMap(([route, { kind }]) => (kind === 'read' ? [route] : []));

    expect(reads.sort()).toEqual([
      'GET /v1/datasets/:name/records',
      'GET /v1/datasets/:name/records/:id',
      'GET /v1/dead-letters/:id',
      'GET /v1/exports/:id/download',
      'GET /v1/exports/:id/file',
      'GET /v1/imports/:id/rejects',
      'GET /v1/imports/:id/undo/left',
    ]);
  });
});
