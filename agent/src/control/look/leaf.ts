/** SHELL. This node's leaf and its proof, from the controller, which is trusted for nothing: the proof is checked by the caller. */
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeName, WorldId } from "@chimera/proto/names";
import { LeafProof } from "@chimera/proto/signed/world";
import { httpGet } from "../../http-get.ts";
import { parseBounded } from "./read-stored.ts";

const maxBytes = 256 << 10;

/** Throws world-unknown when the controller knows no such leaf, closure-unavailable when it does not answer well. */
export async function fetchLeafProof(
  controllerUrl: string,
  token: string,
  wanted: { world: WorldId; node: NodeName },
): Promise<LeafProof> {
  const url = `${controllerUrl}/v1/worlds/${wanted.world}/leaves/${wanted.node}`;
  const { status, body } = await httpGet(url, { token, maxBytes, timeoutMs: 10_000 });
  if (status === 404) {
    throw new ChimeraError("world-unknown", `the controller has no leaf of ${wanted.node} in this world`);
  }
  if (status !== 200)
    throw new ChimeraError("closure-unavailable", `the controller answered ${status} for the leaf`);
  const parsed = parseBounded(body, LeafProof);
  if (parsed.kind === "found") return parsed.value;
  throw new ChimeraError("leaf-unproven", "the controller's answer is no leaf proof");
}
