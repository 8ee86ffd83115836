/** PURE. How far a document is signed, in a few words. */

/** Signatures that a document has of those that it needs. */
export interface RoleCount {
  role: string;
  signedBy: string[];
  threshold: number;
}

export function countText(counts: readonly RoleCount[]): string {
  return counts
    .map(({ role, signedBy, threshold }) => {
      const names = signedBy.length === 0 ? "" : ` (${signedBy.join(", ")})`;
      return `${role} ${signedBy.length} of ${threshold}${names}`;
    })
    .join(", ");
}
