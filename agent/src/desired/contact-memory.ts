/** PURE. Contact as the loop asks for it: a fresh answer every few seconds, and how long none has come. */

export interface ContactMemory {
  /** Null while nobody asks: then the next question begins anew. */
  look: (isAsked: boolean) => Promise<{ contact: boolean | null; silentMs: number | null }>;
}

/** An answer younger than this need not be asked for again. */
const freshMs = 2_000;

/** @param uptimeMs any clock that does not step */
export function createContactMemory(
  hasContact: () => Promise<boolean>,
  uptimeMs: () => number,
): ContactMemory {
  let asked: { contact: boolean; atMs: number } | null = null;
  let lastMs: number | null = null;
  const ask = async () => {
    const atMs = uptimeMs();
    asked = { contact: await hasContact(), atMs };
    if (asked.contact) lastMs = atMs;
    return asked;
  };
  return {
    async look(isAsked) {
      if (!isAsked) {
        [asked, lastMs] = [null, null];
        return { contact: null, silentMs: null };
      }
      const isFresh = asked !== null && uptimeMs() - asked.atMs < freshMs;
      const { contact } = isFresh && asked !== null ? asked : await ask();
      return { contact, silentMs: lastMs === null ? null : uptimeMs() - lastMs };
    },
  };
}
