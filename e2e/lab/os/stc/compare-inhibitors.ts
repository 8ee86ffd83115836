// PURE: which critical components differ between two systems, so that only a reboot may change them (nixos.md §2.5).

export interface Inhibition {
  readonly key: string;
  readonly current: string;
  readonly next: string;
}

/** Only keys that both systems name count: a component that appears or goes is no reason to refuse. */
export function compareInhibitors(current: string, next: string): Inhibition[] {
  const before = parseInhibitors(current, "current");
  const after = parseInhibitors(next, "new");
  const differing: Inhibition[] = [];
  for (const [key, value] of before) {
    const other = after.get(key);
    if (other !== undefined && other !== value) differing.push({ key, current: value, next: other });
  }
  return differing.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

function parseInhibitors(text: string, which: string): Map<string, string> {
  if (text.trim() === "") return new Map();
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw new Error(`switch-inhibitors of the ${which} system is no JSON object`);
  return new Map(Object.entries(parsed).map(([key, value]) => [key, String(value)]));
}
