/** Tests only: a fleet of one node, that writes escape sequences wherever it may write text. */
import { FleetView, NodeView, StoredHead } from "@chimera/proto/api";
import { NodeStatus } from "@chimera/proto/status";

export const evil = "x\u001b]52;c;ZXZpbA==\u0007\u001b[2Jy\nz\u009b31m";
export const digest = "ab".repeat(32);
export const at = "2026-11-23T12:00:00.000Z";
export const toplevel = "/nix/store/5q2wz4r1d3gkz8m0j7p9v6n4b1c8x2ha-nixos-system-n1";
export const item = {
  path: `/etc/${evil}`,
  kind: "wrong-target",
  expected: { type: "symlink", target: evil },
  found: { type: "file", size: 3, mode: "0644", uid: 0, gid: 0 },
};
export const view = NodeView.parse({
  node: "n1",
  nodeKey: null,
  verified: true,
  status: {
    v: 1,
    node: "n1",
    fleetId: digest,
    at,
    state: "reverted",
    waiting: { reason: evil, detail: evil },
    agent: { version: evil, path: null, startedAt: at, bootId: evil },
    accepted: { epoch: 0, serial: 4, id: digest, world: digest, acceptedAt: at },
    wanted: toplevel,
    system: { current: toplevel, booted: null, profile: null, bootDefault: null },
    fetch: null,
    drift: { lastSweepAt: at, managed: 9, open: [item], openCount: 3, reverted: 2 },
    problem: { code: evil, message: evil, at },
  },
  beat: { e: 0, s: 4, p: "reverted", at },
  health: {
    v: 1,
    node: "n1",
    at,
    uptimeSeconds: 1,
    load1: 0,
    memoryTotalBytes: 1,
    memoryAvailableBytes: 1,
    storeTotalBytes: 1,
    storeFreeBytes: 1,
    systemState: evil,
    failedUnits: [],
  },
  hardware: null,
  build: null,
});
export const status = NodeStatus.parse(view.status);
const head = StoredHead.parse({
  id: digest,
  revision: 1,
  storedAt: at,
  signedBy: [evil],
  envelope: {
    payloadType: "x",
    payload: "",
    signatures: [{ keyid: "k", sig: Buffer.alloc(64).toString("base64") }],
  },
  head: {
    v: 1,
    kind: "head",
    fleetId: digest,
    epoch: 0,
    serial: 4,
    world: digest,
    size: 1,
    previous: null,
    mode: "deploy",
    policy: {},
    revertTo: null,
    consentUntil: null,
    createdAt: at,
    notAfter: at,
    author: evil,
    reason: evil,
  },
});
export const fleet = FleetView.parse({
  fleetId: digest,
  head,
  revision: 1,
  panic: null,
  rollout: null,
  keys: 1,
});
export const effective = { kind: "none" } as const;
