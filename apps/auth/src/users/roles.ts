/** What each role may do. */
export const scopesOfRole = { owner: ['*'] } as const;
