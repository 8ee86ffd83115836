/** For tests: a head that this operator's publish key signed, in the fleet server, with its world. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { StoredHead } from "@chimera/proto/api";
import { sha256 } from "@chimera/proto/signed/canonical";
import { seal } from "@chimera/proto/signed/envelope";
import { Head } from "@chimera/proto/signed/head";
import { parseSecretKey, type Signer } from "@chimera/proto/signed/keys";
import { Leaf, sortLeaves, worldId } from "@chimera/proto/signed/world";
import type { TestOperator } from "./operator.ts";
import { toplevel } from "./signed-fleet.ts";

type Fleet = Pick<TestOperator, "folder" | "fleetId" | "server" | "addNode">;

export async function keyOf({ folder }: Pick<TestOperator, "folder">, role: string): Promise<Signer> {
  return parseSecretKey(await readFile(join(folder, `${role}.key`), "utf8"));
}

export function leavesOf(fleet: Fleet, nodes: readonly string[], word: string): Leaf[] {
  const leaves = nodes.map((node) => {
    const nodeKey = fleet.server.nodes.get(node)?.nodeKey ?? fleet.addNode(node).nodeKey;
    const path = toplevel(`${node}-${word}`);
    const closure = sha256(Buffer.from(path));
    const { fleetId } = fleet;
    return Leaf.parse({
      v: 1,
      fleetId,
      node,
      nodeKey,
      toplevel: path,
      closure,
      closureSize: 4096,
      substituters: [],
    });
  });
  return sortLeaves(leaves);
}

export async function seedHead(fleet: Fleet, nodes: readonly string[], word: string): Promise<StoredHead> {
  const { server, fleetId } = fleet;
  const leaves = leavesOf(fleet, nodes, word);
  const world = worldId(leaves);
  server.worlds.set(world, { v: 1, leaves });
  const before = server.heads[0];
  const now = Date.now();
  const head = Head.parse({
    v: 1,
    kind: "head",
    fleetId,
    epoch: 0,
    serial: (before?.head.serial ?? 0) + 1,
    world,
    size: leaves.length,
    previous: before?.id ?? null,
    mode: "deploy",
    policy: {},
    revertTo: before?.head.world ?? null,
    consentUntil: null,
    createdAt: new Date(now).toISOString(),
    notAfter: new Date(now + 3_600_000).toISOString(),
    author: "anna",
    reason: word,
  });
  const signer = await keyOf(fleet, "publish");
  const envelope = seal("head", head, [signer]);
  const stored = StoredHead.parse({
    id: sha256(Buffer.from(envelope.payload, "base64")),
    revision: server.heads.length + 1,
    storedAt: head.createdAt,
    signedBy: [signer.name],
    head,
    envelope,
  });
  server.heads.unshift(stored);
  return stored;
}
