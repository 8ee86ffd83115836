/**
 * SHELL. `chimera-agent deliver`: one bundle of signed documents from standard input to the agent that runs. Nothing in it is
 * believed here: what is not for this node is turned away, the rest the agent judges like what NATS shows.
 */
import type { Readable } from "node:stream";
import { Delivery, maxBundleBytes } from "@chimera/proto/delivery";
import { ChimeraError } from "@chimera/proto/errors";
import type { LocalAnswer } from "@chimera/proto/local-api";
import { closureDigest } from "@chimera/proto/signed/closure";
import type { AgentConfig } from "../config.ts";
import { keepClosureList } from "../host/store/closure-lists.ts";
import { askOwnAgent } from "./ask-own-agent.ts";

type Receiver = Pick<AgentConfig, "node" | "fleetId" | "stateDir" | "runtimeDir">;

/**
 * The agent's answer. Throws body-too-large, input-invalid or fleet-mismatch for a bundle that is not for this node, and what
 * `askOwnAgent` throws.
 */
export async function deliverBundle(receiver: Receiver, input: Readable): Promise<LocalAnswer> {
  const { documents, closure } = checkBundle(await readBounded(input), receiver);
  // Before the head: whoever accepts it looks for its list at once.
  if (closure !== null) keepClosureList(receiver.stateDir, closureDigest(closure.entries), closure.entries);
  return askOwnAgent(receiver.runtimeDir, { v: 1, command: "deliver", documents });
}

function checkBundle(text: string, { node, fleetId }: Receiver): Delivery {
  const bundle = Delivery.safeParse(parseJson(text));
  if (!bundle.success) {
    const [issue] = bundle.error.issues;
    const where = issue?.path.join(".") ?? "";
    throw new ChimeraError(
      "input-invalid",
      `no bundle of this version, or not whole: ${where}: ${issue?.message ?? "wrong"}`,
    );
  }
  if (bundle.data.fleetId !== fleetId) {
    throw new ChimeraError(
      "fleet-mismatch",
      `the bundle is for fleet ${bundle.data.fleetId}, this node is of ${fleetId}`,
    );
  }
  if (bundle.data.node === node) return bundle.data;
  throw new ChimeraError(
    "input-invalid",
    `the bundle is for ${bundle.data.node}, this machine is ${node}: wrong ssh target`,
  );
}

async function readBounded(input: Readable): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    const piece = Buffer.from(chunk);
    size += piece.length;
    if (size > maxBundleBytes)
      throw new ChimeraError("body-too-large", `a bundle has at most ${maxBundleBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
