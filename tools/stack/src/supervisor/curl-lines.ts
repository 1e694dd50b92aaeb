import { join } from 'node:path';
import { workspaceRoot } from './app-plans.ts';

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Three command lines for sh that mint a key, import a file and export it; the owner's token never shows in them. */
export function curlLines(gatewayUrl: string, ownerFile: string): string[] {
  const read = `require(${JSON.stringify(ownerFile)}).token`;
  const authorization = `-H "Authorization: Bearer $(node -p ${quote(read)})"`;
  const json = "-H 'Content-Type: application/json'";
  const dataset = `${gatewayUrl}/v1/datasets/airports`;
  const key = {
    name: 'my first key',
    scopes: ['imports:create:airports', 'records:update:airports', 'records:read:airports'],
    expiresInSeconds: 86_400,
  };
  const csv = quote(`@${join(workspaceRoot, 'node_modules', 'vega-datasets', 'data', 'airports.csv')}`);
  return [
    `curl -sS ${authorization} ${json} -d ${quote(JSON.stringify(key))} ${gatewayUrl}/v1/keys`,
    `curl -sS -o /dev/null -X PUT ${authorization} ${json} -d '{"key":["iata"]}' ${dataset} && ` +
      `curl -sS ${authorization} -H 'Content-Type: text/csv' -H 'Prefer: wait=30' --data-binary ${csv} '${dataset}/imports?mode=upsert'`,
    `curl -sS ${authorization} -H 'Accept: text/csv' '${dataset}/records?limit=5'`,
  ];
}
