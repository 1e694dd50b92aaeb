// docker-compose runs this once before nats-server: the key pair with which auth signs who may connect with a Keyport
// key. The seed goes to a volume that auth alone mounts, the public half to one that nats-server reads. Running it again
// leaves both as they are.
import { writeFile } from 'node:fs/promises';
import { loadCalloutKey } from './home/callout-key.ts';

const required = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};

const issuer = await loadCalloutKey(required('NATS_CALLOUT_SEED_FILE'));
await writeFile(required('NATS_CALLOUT_CONF_FILE'), `issuer: ${issuer}\n`);
process.stdout.write(`nats-server trusts ${issuer} to say who may connect.\n`);
