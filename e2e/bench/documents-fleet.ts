// PURE. The fleet that the bench `documents` signs for: real keys, worlds of any size, heads that follow one another.
import { initialTrust, type TrustState } from "@chimera/proto/acceptance/trust-state";
import type { Incoming } from "@chimera/proto/acceptance/accept";
import type { Judge } from "@chimera/proto/acceptance/verdict";
import { ChimeraError } from "@chimera/proto/errors";
import { FleetId, NodeName, StorePath } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import type { ClosureEntry } from "@chimera/proto/signed/closure";
import { Envelope, seal } from "@chimera/proto/signed/envelope";
import type { Head } from "@chimera/proto/signed/head";
import type { KeySet } from "@chimera/proto/signed/key-set";
import { generateKey, parseSecretKey, type Signer } from "@chimera/proto/signed/keys";
import { LeafProof, proveLeaf, worldId, type Leaf } from "@chimera/proto/signed/world";

const createdAt = "2026-11-23T12:00:00.000Z";
const notAfter = "2026-11-24T12:00:00.000Z";

export interface DocumentFleet {
  fleetId: FleetId;
  publisher: Signer;
  judge: Judge;
  state: TrustState;
}

export function documentFleet(): DocumentFleet {
  const publisher = parseSecretKey(generateKey("ops").secret);
  const role = { keys: [publisher.publicKey], threshold: 1 };
  const keySet: KeySet = {
    v: 1,
    kind: "keys",
    epoch: 0,
    version: 1,
    expires: "2027-11-23T12:00:00.000Z",
    roles: { root: role, publish: role, panic: role, order: role },
  };
  const keys = seal("keys", keySet, [publisher]);
  const fleetId = FleetId.parse(sha256(Buffer.from(keys.payload, "base64")));
  const judge = {
    node: nameOf(1),
    nodeKey: publisher.publicKey,
    nowMs: Date.parse(createdAt),
    freshSeconds: 3600,
  };
  return { fleetId, publisher, judge, state: initialTrust(keys, fleetId) };
}

export interface SignedWorld {
  /** The head of a serial with this node's proof, parsed from JSON as it comes by wire. */
  head(serial: number): Incoming;
  /** Heads 1 to `count`, signed; each is parsed when it is asked for. */
  heads(count: number): (() => Incoming)[];
}

/** Leaves, their root, and its first head signed: what a deploy does once the systems are known. */
export function signWorld(fleet: DocumentFleet, size: number): SignedWorld {
  const leaves = Array.from({ length: size }, (_, i) => leafOf(fleet, i));
  const world = worldId(leaves);
  const text = (serial: number) => JSON.stringify(signHead(fleet, { world, size, serial }));
  text(1);
  let proof: string | undefined;
  const comes = (envelope: string): Incoming => {
    proof ??= JSON.stringify(proveLeaf(leaves, fleet.judge.node));
    return {
      kind: "head",
      envelope: Envelope.parse(JSON.parse(envelope)),
      proof: LeafProof.parse(JSON.parse(proof)),
    };
  };
  return {
    head: (serial) => comes(text(serial)),
    heads: (count) => {
      const texts = Array.from({ length: count }, (_, i) => text(i + 1));
      comes(text(1));
      return texts.map((one) => () => comes(one));
    },
  };
}

function signHead(
  { fleetId, publisher }: DocumentFleet,
  its: Pick<Head, "world" | "size" | "serial">,
): Envelope {
  const head: Head = {
    v: 1,
    kind: "head",
    fleetId,
    epoch: 0,
    previous: null,
    mode: "deploy",
    policy: { probationSeconds: 30 },
    revertTo: its.world,
    consentUntil: notAfter,
    createdAt,
    notAfter,
    author: "ops@example",
    reason: "bench",
    ...its,
  };
  return seal("head", head, [publisher]);
}

function leafOf({ fleetId, publisher }: DocumentFleet, i: number): Leaf {
  const digest = sha256(Buffer.from(`closure ${i}`));
  return {
    v: 1,
    fleetId,
    node: nameOf(i),
    nodeKey: publisher.publicKey,
    toplevel: pathOf(i, "nixos-system-26.05"),
    closure: digest,
    closureSize: 4_000_000_000 + i,
    substituters: ["https://hub.example/cache"],
  };
}

/** A closure of as many paths, each with eight references, as a system's has. */
export function closureOf(paths: number): ClosureEntry[] {
  return Array.from({ length: paths }, (_, i) => ({
    path: pathOf(i, `package-${i}-1.0`),
    narHash: `sha256-${Buffer.from(sha256(Buffer.from(`nar ${i}`)), "hex").toString("base64")}`,
    narSize: 100_000 + i,
    references: Array.from({ length: 8 }, (__, n) => pathOf((i * 7 + n * 13) % paths, "reference-1.0")),
  }));
}

function nameOf(i: number): NodeName {
  return NodeName.parse(`n${i.toString().padStart(5, "0")}`);
}

/** Digits of Nix's base 32 from a number: no e, o, t or u. */
function pathOf(i: number, name: string): StorePath {
  const result = StorePath.safeParse(`/nix/store/${i.toString().padStart(32, "0")}-${name}`);
  if (result.success) return result.data;
  throw new ChimeraError("bug", `no store path of ${i} and ${name}`);
}
