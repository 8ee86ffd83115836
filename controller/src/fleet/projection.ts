/** PURE. The fleet as it was last heard of: one bounded entry a node, folded from observations. */
import type { NodeView } from "@chimera/proto/api";
import { openEnvelope, type Envelope } from "@chimera/proto/signed/envelope";
import { ChimeraError } from "@chimera/proto/errors";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import { NodeName } from "@chimera/proto/names";
import { NodeStatus } from "@chimera/proto/status";
import type { Observation } from "./decode-observation.ts";

/** As many as GET /v1/nodes can list. */
const maxEntries = 10_000;

interface Entry extends Omit<NodeView, "node" | "nodeKey" | "verified" | "envelope"> {
  envelope: Envelope | null;
  /** The last check of the signature: keys change seldom, statuses are shown often. */
  checked: { key: PublicKeyText; valid: boolean } | null;
}

/** What is registered, by node name. */
type NodeKeys = Readonly<Record<string, { nodeKey: PublicKeyText }>>;

export interface Projection {
  /** False when the node was not taken in because too many others were. */
  apply(node: NodeName, observation: Observation): boolean;
  /** With the envelope; undefined for a node that is neither registered nor was ever heard of. */
  view(node: NodeName, registered: NodeKeys): NodeView | undefined;
  /** Sorted by name; a registered node that never spoke is listed too. Envelopes only when they are asked for. */
  list(registered: NodeKeys, options?: { envelopes: boolean }): NodeView[];
  /** What nodes say of themselves, signed with their registered keys. */
  verified(registered: NodeKeys): NodeStatus[];
}

export function createProjection(): Projection {
  const entries = new Map<NodeName, Entry>();
  return {
    apply(node, observation) {
      const entry = entries.get(node) ?? emptyEntry();
      if (!entries.has(node) && entries.size >= maxEntries) return false;
      entries.set(node, fold(entry, observation));
      return true;
    },
    view(node, registered) {
      const entry = entries.get(node);
      if (entry === undefined && !Object.hasOwn(registered, node)) return undefined;
      return withEnvelope(toView(node, entry, registered), entry);
    },
    verified: (registered) =>
      [...entries].flatMap(([node, entry]) => {
        const { verified, status } = toView(node, entry, registered);
        return verified && status !== null ? [status] : [];
      }),
    list(registered, { envelopes } = { envelopes: false }) {
      const names = new Set<NodeName>([
        ...Object.keys(registered).map((name) => NodeName.parse(name)),
        ...entries.keys(),
      ]);
      return [...names]
        .toSorted((a, b) => (a < b ? -1 : 1))
        .slice(0, maxEntries)
        .map((node) => {
          const view = toView(node, entries.get(node), registered);
          return envelopes ? withEnvelope(view, entries.get(node)) : view;
        });
    },
  };
}

function emptyEntry(): Entry {
  return {
    status: null,
    beat: null,
    health: null,
    hardware: null,
    build: null,
    envelope: null,
    checked: null,
  };
}

function fold(entry: Entry, observation: Observation): Entry {
  switch (observation.kind) {
    case "status":
      return { ...entry, status: observation.status, envelope: observation.envelope, checked: null };
    case "beat":
      return { ...entry, beat: { ...observation.beat, at: observation.at } };
    case "health":
      return { ...entry, health: observation.health };
    case "hardware":
      return { ...entry, hardware: observation.hardware };
    case "build":
      return { ...entry, build: observation.build };
  }
}

function withEnvelope(view: NodeView, entry: Entry | undefined): NodeView {
  const envelope = entry?.envelope ?? null;
  return envelope === null ? view : { ...view, envelope };
}

function toView(node: NodeName, entry: Entry = emptyEntry(), registered: NodeKeys = {}): NodeView {
  const nodeKey = registered[node]?.nodeKey ?? null;
  const { status, beat, health, hardware, build } = entry;
  return { node, nodeKey, status, verified: isVerified(entry, nodeKey), beat, health, hardware, build };
}

function isVerified(entry: Entry, nodeKey: PublicKeyText | null): boolean {
  if (entry.envelope === null || nodeKey === null) return false;
  if (entry.checked?.key !== nodeKey) {
    entry.checked = { key: nodeKey, valid: isSignedBy(entry.envelope, nodeKey) };
  }
  return entry.checked.valid;
}

function isSignedBy(envelope: Envelope, key: PublicKeyText): boolean {
  try {
    openEnvelope(envelope, { kind: "status", role: { keys: [key], threshold: 1 } }, NodeStatus);
    return true;
  } catch (error) {
    if (error instanceof ChimeraError) return false;
    throw error;
  }
}
