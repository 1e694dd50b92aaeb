/** Whose keys a caller may see or change: one user's, or those of all but some. */
export type Reach = { readonly userId: string } | { readonly allBut: readonly string[] };

/** The same as a MongoDB filter on `userId`. */
export const heldWithin = (reach: Reach): Record<string, unknown> =>
  'userId' in reach ? { userId: reach.userId } : { userId: { $nin: reach.allBut } };

export const reaches = (reach: Reach, userId: string): boolean =>
  'userId' in reach ? reach.userId === userId : !reach.allBut.includes(userId);
