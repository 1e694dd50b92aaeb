/**
 * The child's half of `askChild`: does the work for the one request that comes and sends its result back. Children run
 * as Node takes them (types are stripped), so that no compiler is in their memory: erasable syntax only.
 */
export function answer<Request, Result>(work: (request: Request) => Promise<Result>): void {
  process.once('disconnect', () => process.exit());
  process.once('message', (request) => {
    work(request as Request).then(
      (result) => process.send?.({ result }, () => process.exit()),
      (error: Error) => process.send?.({ error: error.stack ?? error.message }, () => process.exit(1)),
    );
  });
}
