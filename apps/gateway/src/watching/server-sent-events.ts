/** WHATWG HTML, "Server-sent events": the client waits so long before it asks again. */
export const openingOf = (retryMs: number): string => `retry: ${retryMs}\n\n`;

/** A comment, which clients pass over: it keeps what stands between from closing a connection that is quiet. */
export const heartbeat = ':\n\n';

/** JSON holds no line break, so that the data is one line. */
export const eventOf = (id: number, data: object): string => `id: ${id}\ndata: ${JSON.stringify(data)}\n\n`;

/** What the client saw last; undefined where it says nothing that was an id of ours. */
export function lastEventIdOf(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}
