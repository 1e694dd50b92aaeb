const url = process.env.KEYPORT_URL ?? 'http://127.0.0.1:3000';
const ownerToken = process.env.KEYPORT_TOKEN;
if (!ownerToken) throw new Error('KEYPORT_TOKEN is not set: see the README.');

/** Calls Keyport and reads the reply; a refusal becomes an error that says what and why. */
async function call(token, method, path, { body, ...headers } = {}) {
  const response = await fetch(new URL(path, url), {
    method,
    body,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  const text = await response.text();
  if (!response.ok) {
    const { code, detail, requestId } = JSON.parse(text);
    throw new Error(`${method} ${path}: ${code}: ${detail} (request ${requestId})`);
  }
  return text;
}

const json = (value) => ({ 'content-type': 'application/json', body: JSON.stringify(value) });

await call(ownerToken, 'PUT', '/v1/datasets/first-orders', json({ key: ['orderId'] }));

const scopes = ['imports:create:first-orders', 'records:update:first-orders', 'records:read:first-orders'];
const { token, key } = JSON.parse(await call(ownerToken, 'POST', '/v1/keys', json({ name: 'first import', scopes })));
console.log(`key ${key.id} may ${key.scopes.join(', ')} until ${key.expiresAt}`);

const rows = Array.from({ length: 10 }, (_, index) =>
  JSON.stringify({ orderId: index, item: 'bolt', quantity: index * 3 }),
);
rows[4] = '{"orderId": 4, "item": '; // A row as a broken program would send it.

const report = JSON.parse(
  await call(token, 'POST', '/v1/datasets/first-orders/imports?mode=upsert', {
    'content-type': 'application/x-ndjson',
    prefer: 'wait=30',
    body: rows.join('\n'),
  }),
);
const { read, inserted, updated, unchanged, rejected } = report.counts;
console.log(
  `import ${report.id} ${report.state}: ${read} read, ${inserted + updated + unchanged} stored, ${rejected} rejected`,
);

const rejects = await call(token, 'GET', `/v1/imports/${report.id}/rejects`);
for (const line of rejects.trimEnd().split('\n')) {
  const reject = JSON.parse(line);
  console.log(`line ${reject.line}: ${reject.code}: ${reject.message}`);
}

const records = await call(token, 'GET', '/v1/datasets/first-orders/records?fields=orderId,quantity', {
  accept: 'text/csv',
});
console.log(records.trimEnd());

await call(ownerToken, 'DELETE', `/v1/keys/${key.id}`);
