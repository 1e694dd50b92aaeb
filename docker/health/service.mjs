// docker-compose's health check of a service: node docker/health/service.mjs <service> <NATS monitoring address>.
// Healthy is what has an open connection to NATS, from this container, under the service's name, that answers the
// service's requests. A service subscribes only once it has reached MongoDB and made its indexes.
import { networkInterfaces } from 'node:os';

const [service, monitorUrl] = process.argv.slice(2);
const mine = new Set(
  Object.values(networkInterfaces())
    .flat()
    .map(({ address }) => address),
);
const response = await fetch(new URL('/connz?subs=1&limit=10000', monitorUrl), { signal: AbortSignal.timeout(3_000) });
const { connections } = await response.json();
const answers = connections.some(
  ({ name, ip, subscriptions_list: subjects = [] }) =>
    name === service && mine.has(ip) && subjects.some((subject) => subject.startsWith(`${service}.v1.`)),
);
process.exit(answers ? 0 : 1);
