/** PURE. Tests only: what a node that runs system b of head 0.7 knows of itself. */
import type { JournalView } from "@chimera/proto/local-api";
import { Digest, FleetId, NodeName, StorePath, WorldId } from "@chimera/proto/names";
import type { NodeStatus } from "@chimera/proto/status";
import type { LocalFacts } from "./judge-local.ts";

export const noon = Date.parse("2026-11-23T12:00:00.000Z");
export const hourMs = 3_600_000;
const at = "2026-11-23T12:00:00.000Z";

const system = (letter: string) => StorePath.parse(`/nix/store/${letter.repeat(32)}-nixos-system-n1`);
export const [a, b, c] = [system("a"), system("b"), system("c")] as const;

const digest = "1".repeat(64);

export const status: NodeStatus = {
  v: 1,
  node: NodeName.parse("n1"),
  fleetId: FleetId.parse("f".repeat(64)),
  at,
  state: "committed",
  waiting: null,
  agent: { version: "1", path: null, startedAt: at, bootId: "boot" },
  accepted: { epoch: 0, serial: 7, id: Digest.parse(digest), world: WorldId.parse(digest), acceptedAt: at },
  wanted: b,
  system: { current: b, booted: a, profile: b, bootDefault: b },
  fetch: null,
  drift: { lastSweepAt: at, managed: 1, open: [], openCount: 0, reverted: 0 },
  problem: null,
};

export const journal: JournalView = {
  step: "committed",
  isReplaceable: true,
  toplevel: b,
  order: { epoch: 0, serial: 7, rank: 0, id: digest, local: null },
  before: { current: a, profile: a, bootDefault: a },
  attempts: { fetch: 0, activate: 1 },
  transitions: 9,
  unit: null,
  deadMan: null,
  stepMs: 5_000,
  retryInMs: null,
  isGoingBack: false,
  rebootReasons: [],
  unhealthy: null,
  problem: null,
};

export const facts: LocalFacts = {
  status,
  journal,
  signedPlace: { epoch: 0, serial: 7, rank: 0 },
  signedHold: null,
};

export const panic = { epoch: 0, serial: 7, id: Digest.parse("2".repeat(64)), acceptedAt: at };
