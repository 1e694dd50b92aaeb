// docker-compose's health check of the gateway: it says itself whether it can decide about requests.
const { ok } = await fetch(process.argv[2], { signal: AbortSignal.timeout(3_000) });
process.exit(ok ? 0 : 1);
