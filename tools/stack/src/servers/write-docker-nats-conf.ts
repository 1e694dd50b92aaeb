// nx run stack:nats-conf writes docker/nats.conf anew after a change to the permissions in libs/contracts.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workspaceRoot } from '../supervisor/app-plans.ts';
import { dockerNatsConf } from './docker-nats-conf.ts';

await mkdir(join(workspaceRoot, 'docker'), { recursive: true });
await writeFile(join(workspaceRoot, 'docker', 'nats.conf'), dockerNatsConf());
