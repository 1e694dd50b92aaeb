/** How long an access token of a session lives. */
export const accessTokenSeconds = 600;

/** The session may end sooner, and its access tokens then do too. */
export const accessTokenLifetime = (sessionExpiresAt: Date, now: Date): number =>
  Math.max(1, Math.min(accessTokenSeconds, Math.floor((sessionExpiresAt.getTime() - now.getTime()) / 1000)));
