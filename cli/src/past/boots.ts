/** PURE. Tells a restart of a machine from one of its agent, by the boot that each agent says it started in. */
import type { NodeEvent } from "@chimera/proto/event";

/** Where no boot was seen before: an agent starts right after one. */
const bootMs = 180_000;

export function createBoots(): (event: NodeEvent) => boolean {
  const newest = new Map<string, string>();
  return (event) => {
    if (event.type !== "agent-started" || event.data.bootId === undefined) return false;
    const { bootId, bootedAt } = event.data;
    const before = newest.get(event.source);
    newest.set(event.source, bootId);
    if (before !== undefined) return before !== bootId;
    return bootedAt !== undefined && Date.parse(event.time) - Date.parse(bootedAt) < bootMs;
  };
}
