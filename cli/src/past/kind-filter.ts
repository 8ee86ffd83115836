/** PURE. Which kinds of entries are wanted, and of which events the controller is asked for that. */
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeEventType } from "@chimera/proto/event";
import { entryKinds, quietKinds, type EntryKind } from "../print/timeline/entry.ts";

const kindOf: Record<NodeEventType, readonly EntryKind[]> = {
  "agent-started": ["agent", "reboot"],
  "document-accepted": ["accepted"],
  "document-refused": ["refused"],
  "state-changed": ["state"],
  "activation-finished": ["activation"],
  unhealthy: ["health"],
  healthy: ["health"],
  receipt: ["receipt"],
  "rollout-changed": ["rollout"],
  "local-order": ["local"],
  "drift-found": ["drift"],
  "drift-reverted": ["drift"],
  "drift-unreverted": ["drift"],
  "drift-summed": ["drift"],
  "keyboard-held": ["session"],
  alarm: ["alarm"],
};

export interface KindFilter {
  kinds: ReadonlySet<EntryKind>;
  /** Undefined: all of them, for nobody knows the names of those that are not known here. */
  types: readonly string[] | undefined;
}

/** Names separated by commas, or `all`; throws usage with what there is. */
export function kindFilter(words: readonly string[]): KindFilter {
  const asked = words.flatMap((word) => word.split(",")).filter((word) => word !== "");
  const unknown = asked.find((word) => word !== "all" && !entryKinds.some((kind) => kind === word));
  if (unknown !== undefined) {
    throw new ChimeraError("usage", `--kind: "${unknown}" is none of all, ${entryKinds.join(", ")}`);
  }
  const named = entryKinds.filter((kind) => asked.includes(kind));
  const loud = entryKinds.filter((kind) => !quietKinds.has(kind));
  const kinds = new Set(asked.includes("all") ? entryKinds : named.length > 0 ? named : loud);
  const types = Object.entries(kindOf).flatMap(([type, of]) =>
    of.some((kind) => kinds.has(kind)) ? [type] : [],
  );
  // An agent's start makes the next one no restart of the machine: it is looked at with each kind that tells of either.
  return { kinds, types: kinds.has("other") ? undefined : types };
}
