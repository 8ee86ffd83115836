/** PURE. What chmod(1) makes of a mode. */

const permissionBits: Readonly<Record<string, number>> = { r: 4, w: 2, x: 1 };
const shifts: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };
const specialBits: Readonly<Record<string, number>> = { u: 0o4000, g: 0o2000, o: 0 };

/** As chmod(1); null for what depends on more than the mode before, as the umask. */
export function changeMode(before: number | null, spec: string): number | null {
  if (/^[0-7]{1,4}$/.test(spec)) return Number.parseInt(spec, 8);
  return spec.split(",").reduce<number | null>((mode, clause) => changeByClause(mode, clause), before);
}

function changeByClause(before: number | null, clause: string): number | null {
  const parts = /^([ugoa]+)((?:[-+=][rwxs]*)+)$/.exec(clause);
  if (before === null || parts === null) return null;
  const [, who = "", actions = ""] = parts;
  const whom = who.includes("a") ? ["u", "g", "o"] : who.split("");
  const changes = [...actions.matchAll(/([-+=])([rwxs]*)/g)];
  return changes.reduce((mode, [, operation = "", letters = ""]) => {
    const named = bitsOf(whom, letters);
    if (operation === "+") return mode | named;
    if (operation === "-") return mode & ~named;
    return (mode & ~bitsOf(whom, "rwxs")) | named;
  }, before);
}

function bitsOf(whom: readonly string[], letters: string): number {
  return whom.reduce((bits, who) => {
    const plain = letters.split("").reduce((sum, letter) => sum | (permissionBits[letter] ?? 0), 0);
    const special = letters.includes("s") ? (specialBits[who] ?? 0) : 0;
    return bits | (plain << (shifts[who] ?? 0)) | special;
  }, 0);
}
