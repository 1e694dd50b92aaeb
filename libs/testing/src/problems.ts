import type { KeyportClient, Reply } from './keyport-client.ts';
import { eventually } from './until.ts';

/** What tests look at of a problem body (RFC 9457). */
export interface Problem {
  readonly code?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly path: string; readonly code: string; readonly message: string }[];
}

/** The status, and the code of a refusal behind it. */
export const outcomeOf = ({ status, body }: Reply<Problem>): readonly (number | string)[] =>
  body.code === undefined ? [status] : [status, body.code];

/** Where the request is wrong, in the order in which the reply names it; undefined where it names nothing. */
export const faultyPathsOf = ({ body }: Reply<Problem>): readonly string[] | undefined =>
  body.errors?.map(({ path }) => path);

/** The reply once it is as wanted; rejects after a second, in which every change of rights must hold. */
export const withinASecond = <Body>(ask: () => Promise<Reply<Body>>, isWanted: (reply: Reply<Body>) => boolean) =>
  eventually(ask, isWanted, 1_000);

/** The reply that refuses the client's token; rejects where that is good after a second. */
export const refusedWithinASecond = (client: KeyportClient): Promise<Reply<Problem>> =>
  withinASecond(
    () => client.request<Problem>('/v1/auth/me'),
    ({ status }) => status === 401,
  );
