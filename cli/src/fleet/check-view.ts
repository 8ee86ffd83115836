/** PURE. What a node says of itself, by its own signature: the controller's `verified` counts for nothing. */
import type { NodeView } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId, NodeName } from "@chimera/proto/names";
import { openEnvelope } from "@chimera/proto/signed/envelope";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import type { Leaf } from "@chimera/proto/signed/world";
import { NodeStatus } from "@chimera/proto/status";

export type NodeKeyOf = (node: NodeName) => PublicKeyText | null;

/** The key of each node's leaf in a signed world. */
export function nodeKeysOf(leaves: readonly Leaf[]): NodeKeyOf {
  const keys = new Map(leaves.map(({ node, nodeKey }) => [node, nodeKey]));
  return (node) => keys.get(node) ?? null;
}

/**
 * The view with the status that the node signed, `verified` as found here. A node without a leaf goes by the key that it
 * was registered with: there is no better one.
 */
export function checkView(view: NodeView, fleetId: FleetId, keyOf: NodeKeyOf): NodeView {
  const key = keyOf(view.node) ?? view.nodeKey;
  const status = key === null ? null : signedStatus(view, fleetId, key);
  return status === null ? { ...view, verified: false } : { ...view, status, verified: true };
}

function signedStatus(
  { node, envelope }: NodeView,
  fleetId: FleetId,
  nodeKey: PublicKeyText,
): NodeStatus | null {
  if (envelope === undefined) return null;
  try {
    const role = { keys: [nodeKey], threshold: 1 };
    const { message } = openEnvelope(envelope, { kind: "status", role }, NodeStatus);
    return message.node === node && message.fleetId === fleetId ? message : null;
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}
