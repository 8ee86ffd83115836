/** PURE. File capabilities in one way of writing. */

/**
 * Capabilities in one way of writing, whichever of the many cap_from_text(3) knows was used; null for one that is not
 * understood: `cap_setpcap,cap_net_raw+ep` and `cap_net_raw,cap_setpcap=ep` are the same.
 */
export function plainCapabilities(text: string): string | null {
  const flagsOf = new Map<string, Set<string>>();
  for (const clause of text.split(/\s+/).filter((part) => part !== "" && part !== "=")) {
    const parts = /^(cap_[a-z_]+(?:,cap_[a-z_]+)*)[=+]([eip]+)$/.exec(clause.toLowerCase());
    if (parts === null) return null;
    for (const name of (parts[1] ?? "").split(","))
      flagsOf.set(name, new Set([...(flagsOf.get(name) ?? []), ...(parts[2] ?? "").split("")]));
  }
  const words = [...flagsOf].map(([name, flags]) => `${name}=${[...flags].toSorted().join("")}`);
  return words.toSorted().join(" ");
}
