/** For tests: what a node reports, signed with its own key as the agent does. */
import { NodeView } from "@chimera/proto/api";
import { seal } from "@chimera/proto/signed/envelope";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { NodeStatus } from "@chimera/proto/status";

const at = "2026-11-23T12:00:00.000Z";

export function createTestNode(name: string) {
  const { secret, public: nodeKey } = generateKey(name);
  const signer = parseSecretKey(secret);
  return {
    name,
    nodeKey,
    signer,
    /** That never spoke. */
    silent: () => viewOf({ node: name, nodeKey, status: null, verified: false }),
    /** `verified` is the controller's word: false, for nobody may depend on it. */
    reporting(changes: object): NodeView {
      const status = NodeStatus.parse({ ...quietStatus, node: name, ...changes });
      const envelope = seal("status", status, [signer]);
      return viewOf({ node: name, nodeKey, status, verified: false, envelope });
    },
  };
}
export type TestNode = ReturnType<typeof createTestNode>;

function viewOf(parts: object): NodeView {
  return NodeView.parse({ beat: null, health: null, hardware: null, build: null, ...parts });
}

const quietStatus = {
  v: 1,
  at,
  state: "idle",
  waiting: null,
  agent: { version: "1", path: null, startedAt: at, bootId: "b" },
  accepted: null,
  wanted: null,
  system: { current: null, booted: null, profile: null, bootDefault: null },
  fetch: null,
  problem: null,
  drift: { lastSweepAt: at, managed: 1, open: [], openCount: 0, reverted: 0 },
};
