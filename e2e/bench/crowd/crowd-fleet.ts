// SHELL. The fleet of the crowd's benchmarks: real keys, one world, and the heads and panics that follow one another.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { FleetId, NodeName, StorePath, type Digest, type WorldId } from "@chimera/proto/names";
import { generateNkey } from "@chimera/proto/nkey";
import { allProofs } from "@chimera/proto/signed/all-proofs";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, seal, type Envelope } from "@chimera/proto/signed/envelope";
import type { Head } from "@chimera/proto/signed/head";
import type { KeySet } from "@chimera/proto/signed/key-set";
import { generateKey, parseSecretKey, type PublicKeyText, type Signer } from "@chimera/proto/signed/keys";
import type { Panic } from "@chimera/proto/signed/panic";
import { worldId, type Leaf } from "@chimera/proto/signed/world";

interface Member {
  node: NodeName;
  seed: string;
  nkey: string;
  secretKey: string;
  nodeKey: PublicKeyText;
}

export interface CrowdFleet {
  fleetId: FleetId;
  trustedKeys: Envelope;
  members: readonly Member[];
  leaves: readonly Leaf[];
  first: Envelope;
  /** The next head, on top of the newest head or panic: back to the one world, which needs no controller. */
  nextHead: () => Envelope;
  /** Of the newest head. */
  nextPanic: () => Envelope;
}

export function createCrowdFleet(size: number): CrowdFleet {
  const signer = parseSecretKey(generateKey("ops").secret);
  const role = { keys: [signer.publicKey], threshold: 1 };
  const keySet: KeySet = {
    v: 1,
    kind: "keys",
    epoch: 0,
    version: 1,
    expires: new Date(Date.now() + 86_400_000).toISOString(),
    roles: { root: role, publish: role, panic: role, order: role },
  };
  const trustedKeys = seal("keys", keySet, [signer]);
  const fleetId = FleetId.parse(sha256(payloadOf(trustedKeys, "keys")));
  const members = Array.from({ length: size }, (_, i) => memberOf(i));
  const leaves = members.map((member) => leafOf(fleetId, member));
  const documents = documentsOf({ fleetId, signer }, { world: worldId(leaves), size });
  return { fleetId, trustedKeys, members, leaves, ...documents };
}

function documentsOf(
  { fleetId, signer }: { fleetId: FleetId; signer: Signer },
  { world, size }: { world: WorldId; size: number },
): Pick<CrowdFleet, "first" | "nextHead" | "nextPanic"> {
  let serial = 0;
  let previous: Digest | null = null;
  let newest: Digest | null = null;
  const nextHead = (): Envelope => {
    serial += 1;
    const envelope = seal("head", headOf({ fleetId, serial, world, size, previous }), [signer]);
    newest = sha256(payloadOf(envelope, "head"));
    previous = newest;
    return envelope;
  };
  const nextPanic = (): Envelope => {
    if (newest === null) throw new ChimeraError("bug", "there is no head to undo");
    const named = { fleetId, epoch: 0, serial, undoes: newest, world };
    const panic: Panic = { v: 1, kind: "panic", ...named, reason: "bench" };
    const envelope = seal("panic", panic, [signer]);
    previous = sha256(payloadOf(envelope, "panic"));
    return envelope;
  };
  return { first: nextHead(), nextHead, nextPanic };
}

function headOf(its: Pick<Head, "fleetId" | "serial" | "world" | "size" | "previous">): Head {
  const now = Date.now();
  return {
    v: 1,
    kind: "head",
    epoch: 0,
    ...its,
    mode: "deploy",
    policy: {},
    revertTo: its.serial === 1 ? null : its.world,
    consentUntil: null,
    createdAt: new Date(now).toISOString(),
    notAfter: new Date(now + 3_600_000).toISOString(),
    author: "bench",
    reason: "",
  };
}

function memberOf(i: number): Member {
  const node = NodeName.parse(`n${i.toString().padStart(5, "0")}`);
  const { seed, publicKey } = generateNkey();
  const key = generateKey(node);
  return { node, seed, nkey: publicKey, secretKey: key.secret, nodeKey: key.public };
}

function leafOf(fleetId: FleetId, { node, nodeKey }: Member): Leaf {
  const digest = sha256(Buffer.from(`closure of ${node}`));
  const toplevel = StorePath.parse(`/nix/store/${node.slice(1).padStart(32, "0")}-nixos-system-bench`);
  const closure = {
    closure: digest,
    closureSize: 4_000_000_000,
    substituters: ["https://hub.example/cache"],
  };
  return { v: 1, fleetId, node, nodeKey, toplevel, ...closure };
}

/** Plans of as many processes, each agent in one of them; answers their files. */
export async function writePlans(
  fleet: CrowdFleet,
  how: { mode: "agent" | "echo"; servers: string[]; folder: string; processes: number },
): Promise<string[]> {
  const { mode, servers, folder, processes } = how;
  const proofs = allProofs(fleet.leaves);
  const { fleetId, trustedKeys, first: head } = fleet;
  await mkdir(folder, { recursive: true });
  const part = Math.ceil(fleet.members.length / processes);
  return Promise.all(
    Array.from({ length: processes }, async (_, i) => {
      const members = fleet.members
        .slice(i * part, (i + 1) * part)
        .map(({ node, seed, secretKey }) => ({ node, seed, secretKey, proof: proofs.get(node) }));
      const plan = { mode, servers, fleetId, trustedKeys, head, folder: join(folder, "state"), members };
      const file = join(folder, `plan-${mode}-${i}.json`);
      await writeFile(file, JSON.stringify(plan), { mode: 0o600 });
      return file;
    }),
  );
}
