// PURE: the lines that a switch prints, as nixos.md §2.3 lists them.

/** Names sorted without regard to case, as NixOS prints them. */
export function unitNames(units: Iterable<string>): string {
  return [...units]
    .toSorted((a, b) => compareText(a.toLowerCase(), b.toLowerCase()) || compareText(a, b))
    .join(", ");
}

/** "stopping the following units: a, b", or nothing when there are none. */
export function unitLine(prefix: string, units: Iterable<string>): string[] {
  const names = unitNames(units);
  return names === "" ? [] : [`${prefix}: ${names}`];
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
