/** One message of every wire format of version 1, made from fixed inputs: an independent program can check itself. */
import type { z } from "zod";
import { Beat, NodeStatus } from "../src/status.ts";
import { BuildStatus } from "../src/build-status.ts";
import { ClosureList, closureDigest, closureSize, sortClosure } from "../src/signed/closure.ts";
import { DriftItem } from "../src/drift.ts";
import { Envelope, seal } from "../src/signed/envelope.ts";
import { NodeEvent } from "../src/event.ts";
import { Hardware } from "../src/hardware.ts";
import { Head } from "../src/signed/head.ts";
import { HealthSample } from "../src/health.ts";
import { bootNameDigest } from "../src/system/boot-files.ts";
import { KeySet } from "../src/signed/key-set.ts";
import { parseSecretKey } from "../src/signed/keys.ts";
import { sha256 } from "../src/signed/canonical.ts";
import { FleetId, NodeName, StorePath } from "../src/names.ts";
import { Leaf, LeafProof, proveLeaf, World, worldId } from "../src/signed/world.ts";

/** RFC 8032 §7.1, tests 1 and 2, seed and public key: for test vectors only, everybody knows them. */
const rfcKeys = {
  ops: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
  n1: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
};
const rfcSigner = (name: "ops" | "n1") =>
  parseSecretKey(`${name}:${Buffer.from(rfcKeys[name], "hex").toString("base64")}`);
const ops = rfcSigner("ops");
const nodeSigner = rfcSigner("n1");

const at = "2026-11-23T12:00:00.000Z";
const storePath = (letter: string, name: string) =>
  StorePath.parse(`/nix/store/${letter.repeat(32)}-${name}`);
const toplevel = storePath("a", "nixos-system-n1-26.05");
const library = storePath("b", "glibc-2.42");
const role = { keys: [ops.publicKey], threshold: 1 };

const keySet: KeySet = {
  v: 1,
  kind: "keys",
  epoch: 0,
  version: 1,
  expires: "2027-11-23T12:00:00.000Z",
  roles: { root: role, publish: role, panic: role, order: role },
};
const keySetEnvelope = seal("keys", keySet, [ops]);
const fleetId = FleetId.parse(sha256(Buffer.from(keySetEnvelope.payload, "base64")));

const entries = sortClosure([
  { path: toplevel, narHash: `sha256-${"A".repeat(43)}=`, narSize: 4096, references: [toplevel, library] },
  { path: library, narHash: `sha256-${"B".repeat(43)}=`, narSize: 30_000_000, references: [] },
]);
const leaves: Leaf[] = ["n1", "n2", "n3"].map((node) => ({
  v: 1,
  fleetId,
  node: NodeName.parse(node),
  nodeKey: nodeSigner.publicKey,
  toplevel,
  closure: closureDigest(entries),
  closureSize: closureSize(entries),
  substituters: ["http://hub:7070/cache"],
}));
const head: Head = {
  v: 1,
  kind: "head",
  fleetId,
  epoch: 0,
  serial: 1,
  world: worldId(leaves),
  size: leaves.length,
  previous: null,
  mode: "deploy",
  policy: { probationSeconds: 30 },
  revertTo: null,
  consentUntil: null,
  createdAt: at,
  notAfter: "2026-11-24T12:00:00.000Z",
  author: "ops@example",
  reason: "first",
};
const item: DriftItem = {
  path: "/etc/motd",
  kind: "content",
  expected: { type: "file", size: 6, sha256: sha256(Buffer.from("hello\n")), mode: "0644", uid: 0, gid: 0 },
  found: { type: "file", size: 4, sha256: sha256(Buffer.from("bye\n")), mode: "0644", uid: 0, gid: 0 },
};
const node = NodeName.parse("n1");
const status: NodeStatus = {
  v: 1,
  node,
  fleetId,
  at,
  state: "committed",
  waiting: null,
  agent: { version: "0.1.0", path: library, startedAt: at, bootId: "c0ffee" },
  accepted: {
    epoch: 0,
    serial: 1,
    id: sha256(Buffer.from(JSON.stringify(head))),
    world: head.world,
    acceptedAt: at,
  },
  wanted: toplevel,
  system: { current: toplevel, booted: toplevel, profile: toplevel, bootDefault: toplevel },
  fetch: null,
  drift: { lastSweepAt: at, managed: 120, open: [item], openCount: 1, reverted: 6 },
  problem: null,
};
const event: NodeEvent = {
  specversion: "1.0",
  id: "n1-0-1",
  source: node,
  time: at,
  datacontenttype: "application/json",
  type: "drift-reverted",
  data: { item, ms: 12 },
};

const health: HealthSample = {
  v: 1,
  node,
  at,
  uptimeSeconds: 12.5,
  load1: 0.25,
  memoryTotalBytes: 1,
  memoryAvailableBytes: 1,
  storeTotalBytes: 1,
  storeFreeBytes: 1,
  systemState: "running",
  failedUnits: [],
};

/** File name without .json -> how it must parse, and what today's code makes of the fixed inputs. */
export const goldenMessages: Record<string, { schema: z.ZodType; message: unknown }> = {
  "key-set": { schema: KeySet, message: keySet },
  "key-set-envelope": { schema: Envelope, message: keySetEnvelope },
  "closure-list": { schema: ClosureList, message: { v: 1, entries } },
  leaf: { schema: Leaf, message: leaves[0] },
  world: { schema: World, message: { v: 1, leaves } },
  "leaf-proof": { schema: LeafProof, message: proveLeaf(leaves, "n2") },
  head: { schema: Head, message: head },
  "head-envelope": { schema: Envelope, message: seal("head", head, [ops]) },
  status: { schema: NodeStatus, message: status },
  "status-envelope": { schema: Envelope, message: seal("status", status, [nodeSigner]) },
  beat: { schema: Beat, message: { e: 0, s: 1, p: "committed" } },
  "event-drift-reverted": { schema: NodeEvent, message: event },
  "event-drift-summed": {
    schema: NodeEvent,
    message: {
      ...event,
      type: "drift-summed",
      data: {
        found: 0,
        reverted: 29_000,
        unreverted: 1,
        evidence: 7333,
        from: at,
        until: at,
        paths: ["/etc/hosts"],
      },
    },
  },
  "drift-item": { schema: DriftItem, message: item },
  health: { schema: HealthSample, message: health },
  "health-space": {
    schema: HealthSample,
    message: {
      ...health,
      space: {
        storeReserveBytes: 536_870_912,
        boot: {
          freeBytes: 1,
          reserveBytes: 33_554_432,
          files: ["linux-6.18-bzImage", "initrd-linux-6.18-initrd"].map((name) =>
            bootNameDigest(`${"a".repeat(32)}-${name}.efi`),
          ),
        },
      },
    },
  },
  hardware: {
    schema: Hardware,
    message: {
      v: 1,
      node,
      at,
      system: { manufacturer: "Example", model: "Box", virtual: true },
      os: { distro: "NixOS", release: "26.05", kernel: "6.18.0", arch: "x64" },
      cpu: { brand: "Example CPU", cores: 2, physicalCores: 1, speedGhz: 2.5 },
      memoryBytes: 1,
      disks: [{ name: "vda", type: "SSD", sizeBytes: 1 }],
      networks: [{ name: "host0", mac: "00:00:00:00:00:01", ip4: "192.0.2.1", speedMbit: null }],
      gpus: [{ vendor: "NVIDIA", model: "H200", bus: "0000:01:00.0", vramMb: 143_771 }],
    },
  },
  "build-status": { schema: BuildStatus, message: { v: 1, node, at, state: "building", done: 3, total: 8 } },
};
