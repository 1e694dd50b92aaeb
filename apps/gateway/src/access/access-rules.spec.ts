import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, MODULE_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { AppModule } from '../app.module.ts';
import { accessRuleKey, type AccessRule } from './scope.decorator.ts';

interface Route {
  /** `GET /v1/keys/{id}` */
  readonly name: string;
  readonly rule: AccessRule | undefined;
}

const metadata = (key: string, target: object): unknown => Reflect.getMetadata(key, target) as unknown;

function routesOf(controller: Type): Route[] {
  const prototype = controller.prototype as Record<string, object>;
  const prefix = metadata(PATH_METADATA, controller) as string;
  return Object.getOwnPropertyNames(prototype).flatMap((method) => {
    const handler = prototype[method];
    if (typeof handler !== 'function' || metadata(METHOD_METADATA, handler) === undefined) return [];
    const verb = RequestMethod[metadata(METHOD_METADATA, handler) as RequestMethod];
    const path = [prefix, metadata(PATH_METADATA, handler) as string]
      .map((part) => part.replace(/^\/|\/$/g, ''))
      .filter((part) => part !== '')
      .join('/');
    const rule = metadata(accessRuleKey, handler) ?? metadata(accessRuleKey, controller);
    return [{ name: `${verb} /${path.replace(/:(\w+)/g, '{$1}')}`, rule: rule as AccessRule | undefined }];
  });
}

const routes = (metadata(MODULE_METADATA.CONTROLLERS, AppModule) as Type[]).flatMap(routesOf);

/** Rows of the table "Which route asks for what" in docs/tokens.md: route → what the row says. */
async function documentedRoutes(): Promise<Map<string, string>> {
  const text = await readFile(new URL('../../../../docs/tokens.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `((?:GET|HEAD|OPTIONS|PUT|POST|DELETE|PATCH) [^`]+)` *\| (.+?) *\|$/gm)];
  return new Map(rows.map(([, route = '', asks = '']) => [route, asks]));
}

const namedIn: Record<AccessRule['kind'], (rule: AccessRule) => string> = {
  public: () => 'no token',
  anyToken: () => 'any valid token',
  clientOrToken: () => 'a client, or',
  fileLink: () => 'the token of a link',
  scope: (rule) => ('action' in rule ? `\`${rule.action}\`` : ''),
  datasetScope: (rule) => ('action' in rule ? `\`${rule.action}:{name}\`` : ''),
};

describe('The routes of the gateway', () => {
  it('each declare what they ask of a token', () => {
    const undeclared = routes.filter(({ rule }) => rule === undefined);

    expect(routes.length).toBeGreaterThan(20);
    expect(undeclared).toEqual([]);
  });

  it('are all in docs/tokens.md, and no others', async () => {
    const documented = await documentedRoutes();

    expect([...documented.keys()].sort()).toEqual(routes.map(({ name }) => name).sort());
  });

  it('are documented with the scope that they declare', async () => {
    const documented = await documentedRoutes();

    const differing = routes.filter(
      ({ name, rule }) => rule && !documented.get(name)?.startsWith(namedIn[rule.kind](rule)),
    );

    expect(differing).toEqual([]);
  });
});
