// SHELL. What an honest operator does between two attacks: publishes, and waits until the node has taken it.
import { isResting } from "../fleet/fleet-stage.ts";
import { TrustState } from "@chimera/proto/acceptance/trust-state";
import { DocumentStored } from "@chimera/proto/api";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { NodeStatus } from "@chimera/proto/status";
import { waitUntil } from "../lab/wait-until.ts";
import { signedHead, type Changes } from "./make-documents.ts";
import { fleetOf, newestHead, statusWhen, trustOf, type Scene } from "./scene.ts";

/** Through the controller; answers what the node says once it has accepted it. */
export async function publishNext(scene: Scene, changes: Changes = {}): Promise<NodeStatus> {
  const envelope = await signedHead(scene, changes);
  const { revision } = await fleetOf(scene);
  const answer = await scene.call("PUT", "/v1/head", { envelope, expectedRevision: revision });
  if (answer.status !== 200) throw new Error(`PUT /v1/head: ${JSON.stringify(answer)}`);
  const { id } = DocumentStored.parse(answer.json);
  return statusWhen(scene, ({ accepted }) => accepted?.id === id);
}

/** Answers when the node runs what its newest head wants, and has written down that it does. */
export async function settled(scene: Scene): Promise<NodeStatus> {
  const { id } = await newestHead(scene);
  const isWritten = async () => {
    const { leaves } = TrustState.parse(JSON.parse(await trustOf(scene.node)));
    return leaves.some(({ head, committedAt }) => head === id && committedAt !== null);
  };
  await waitUntil("the newest head is committed", isWritten, { timeoutMs: 60_000, everyMs: 100 });
  // An agent whose system brings another configuration makes room for its successor then, and hears nothing meanwhile.
  await waitUntil("an agent that stays", () => isResting(scene.node), { timeoutMs: 60_000, everyMs: 100 });
  return statusWhen(scene, ({ state, accepted }) => state === "committed" && accepted?.id === id);
}

/** Answers when the node goes by it. */
export async function publishKeySet(scene: Scene, envelope: Envelope, version: number): Promise<NodeStatus> {
  const answer = await scene.call("PUT", "/v1/keys", { envelope });
  if (answer.status !== 200) throw new Error(`PUT /v1/keys: ${JSON.stringify(answer)}`);
  return statusWhen(scene, ({ keys }) => keys?.version === version);
}
