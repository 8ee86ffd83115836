/** PURE. Tests only: a node at rest on what is signed. */
import { LocalStatus } from "@chimera/proto/local-api";
import { StorePath } from "@chimera/proto/names";

const at = "2026-11-23T12:00:00.000Z";
export const until = "2026-11-23T13:00:00.000Z";
const system = (letter: string) => StorePath.parse(`/nix/store/${letter.repeat(32)}-nixos-system-n1`);
const a = system("a");
export const [b, c] = [system("b"), system("c")] as const;
const id = "e".repeat(64);

export function statusOf(changes: Record<string, unknown> = {}): LocalStatus {
  return LocalStatus.parse({
    at,
    node: "n1",
    agent: { version: "0.1.0", path: null, startedAt: at, bootId: "boot" },
    state: "committed",
    waiting: null,
    accepted: { epoch: 0, serial: 7, id, world: id, acceptedAt: at },
    wanted: b,
    system: { current: b, booted: a, profile: b, bootDefault: b },
    fetch: null,
    panic: null,
    journal: journalOf(),
    holds: { signed: null, local: null },
    local: null,
    quarantine: [],
    checks: [],
    problem: null,
    unreadable: [],
    ...changes,
  });
}

export function journalOf(changes: Record<string, unknown> = {}) {
  return {
    step: "committed",
    isReplaceable: true,
    toplevel: b,
    order: { epoch: 0, serial: 7, rank: 0, id, local: null },
    before: { current: a, profile: a, bootDefault: a },
    attempts: {},
    transitions: 4,
    unit: null,
    deadMan: null,
    stepMs: 12_000,
    retryInMs: null,
    isGoingBack: false,
    rebootReasons: [],
    unhealthy: null,
    problem: null,
    ...changes,
  };
}

export const hold = { until, drift: false, evenPanic: false, author: "ops", reason: "backup" };

export const localOrder = {
  v: 1,
  kind: "local-order",
  id: "1".repeat(64),
  action: "apply",
  toplevel: c,
  base: { epoch: 0, serial: 7, rank: 0 },
  createdAt: at,
  until,
  author: "root@n1",
  reason: "mended",
};

export const problem = { code: "activation-failed", message: "unit web.service failed", at };
