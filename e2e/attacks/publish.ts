// SHELL. What an honest operator does between two attacks: publishes, and waits until the node has taken it.
import { DocumentStored } from "@chimera/proto/api";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { NodeStatus } from "@chimera/proto/status";
import { waitView } from "../fleet/fleet-stage.ts";
import { signedHead, type Changes } from "./make-documents.ts";
import { fleetOf, newestHead, type Scene } from "./scene.ts";

/** Through the controller; answers what the node says once it has accepted it. */
export async function publishNext(scene: Scene, changes: Changes = {}): Promise<NodeStatus> {
  const envelope = await signedHead(scene, changes);
  const { revision } = await fleetOf(scene);
  const answer = await scene.call("PUT", "/v1/head", { envelope, expectedRevision: revision });
  if (answer.status !== 200) throw new Error(`PUT /v1/head: ${JSON.stringify(answer)}`);
  const { id } = DocumentStored.parse(answer.json);
  return statusWhen(scene, ({ accepted }) => accepted?.id === id);
}

/** Answers when the node runs what its newest head wants. */
export async function settled(scene: Scene): Promise<NodeStatus> {
  const { id } = await newestHead(scene);
  return statusWhen(
    scene,
    ({ state, accepted, wanted, system }) =>
      state === "committed" && accepted?.id === id && system.current === wanted,
  );
}

/** Answers when the node goes by it. */
export async function publishKeySet(scene: Scene, envelope: Envelope, version: number): Promise<NodeStatus> {
  const answer = await scene.call("PUT", "/v1/keys", { envelope });
  if (answer.status !== 200) throw new Error(`PUT /v1/keys: ${JSON.stringify(answer)}`);
  return statusWhen(scene, ({ keys }) => keys?.version === version);
}

export async function statusWhen(
  { fleet, node }: Scene,
  condition: (status: NodeStatus) => boolean,
): Promise<NodeStatus> {
  const { status } = await waitView(
    fleet,
    node.name,
    (view) => view.status !== null && condition(view.status),
  );
  if (status === null) throw new Error(`${node.name} has no status`);
  return status;
}
