/** When a node counts as done, as failed, or as still on its way. */
import { NodeView } from "@chimera/proto/api";
import { generateKey } from "@chimera/proto/signed/keys";
import { Digest, FleetId, NodeName, StorePath } from "@chimera/proto/names";
import type { NodeStatus } from "@chimera/proto/status";
import { expect, test } from "vitest";
import { nodeOutcome, type Goal } from "./node-outcome.ts";

const id = Digest.parse("ab".repeat(32));
const other = Digest.parse("cd".repeat(32));
const at = "2026-11-23T12:00:00.000Z";
const before = "2026-11-23T11:00:00.000Z";
const toplevel = StorePath.parse("/nix/store/5q2wz4r1d3gkz8m0j7p9v6n4b1c8x2ha-nixos-system-n1");
const old = StorePath.parse("/nix/store/6q2wz4r1d3gkz8m0j7p9v6n4b1c8x2ha-nixos-system-n1");
const goal: Goal = {
  node: NodeName.parse("n1"),
  fleetId: FleetId.parse(id),
  nodeKey: generateKey("n1").public,
  head: { id, epoch: 0, serial: 4 },
  toplevel,
  problemBefore: before,
};
const accepted = { epoch: 0, serial: 4, id, world: id, acceptedAt: at };
const problem = { code: "activation-failed", message: "unit x failed", at };

function view(changes: Partial<Record<keyof NodeStatus, unknown>>, verified = true): NodeView {
  const status = {
    v: 1,
    node: "n1",
    fleetId: id,
    at,
    state: "committed",
    waiting: null,
    agent: { version: "1", path: null, startedAt: at, bootId: "b" },
    accepted,
    wanted: toplevel,
    fetch: null,
    problem: null,
    system: { current: toplevel, booted: old, profile: toplevel, bootDefault: toplevel },
    drift: { lastSweepAt: at, managed: 1, open: [], openCount: 0, reverted: 0 },
    ...changes,
  };
  return NodeView.parse({
    node: "n1",
    nodeKey: null,
    status,
    verified,
    beat: null,
    health: null,
    hardware: null,
    build: null,
  });
}

const system = { current: old, booted: old, profile: old, bootDefault: old };
const oldHead = { ...accepted, serial: 3, id: other };

test.each<[string, NodeView | undefined, unknown]>([
  ["committed on the new system is done", view({}), { kind: "committed" }],
  [
    "committed and without its work is not done yet",
    view({ waiting: { reason: "undraining", detail: "its work is brought back" } }),
    { kind: "waiting", state: "committed", detail: "its work is brought back", fetch: null },
  ],
  [
    "committed and never given its work back has failed",
    view({ waiting: { reason: "undrain-failed", detail: "the undrain failed 3 times" } }),
    { kind: "failed", reason: "committed, but the undrain failed 3 times" },
  ],
  [
    "committed, sick, and without a way back has failed",
    view({ waiting: { reason: "no-way-back", detail: "check web fails" } }),
    { kind: "failed", reason: "committed, but check web fails" },
  ],
  ["an old problem does not undo that", view({ problem: { ...problem, at: before } }), { kind: "committed" }],
  [
    "a status that nobody signed proves nothing",
    view({}, false),
    { kind: "waiting", detail: expect.stringMatching(/not signed/u) },
  ],
  ["committed on the old system is not done", view({ system }), { kind: "waiting" }],
  [
    "running it without the profile is not done",
    view({ system: { ...system, current: toplevel } }),
    { kind: "waiting" },
  ],
  ["probation is not done", view({ state: "probation" }), { kind: "waiting", state: "probation" }],
  [
    "committed on an older head waits",
    view({ accepted: oldHead }),
    { kind: "waiting", detail: "has not taken the head" },
  ],
  ["no status at all waits", undefined, { kind: "waiting", state: "silent" }],
  [
    "a newer head is a failure of this one",
    view({ accepted: { ...accepted, serial: 5, id: other } }),
    { kind: "failed", reason: /head 5 instead/u },
  ],
  [
    "another head of the same order is too",
    view({ accepted: { ...accepted, id: other } }),
    { kind: "failed", reason: /head 4 instead/u },
  ],
  [
    "reverted says why",
    view({ state: "reverted", problem }),
    { kind: "failed", reason: /reverted: activation-failed: unit x failed/u },
  ],
  [
    "a node that may not restart has failed if that stays so, and says how to go on",
    view({
      state: "staged-for-reboot",
      system,
      waiting: { reason: "needs-reboot", detail: "another kernel" },
    }),
    {
      kind: "waiting",
      failsAs: "staged-for-reboot: another kernel: deploy again with --reboot when-needed or --reboot window",
    },
  ],
  [
    "one whose way back needs a restart asks for it there",
    view({
      state: "staged-for-reboot",
      system,
      problem: { ...problem, at: before },
      waiting: { reason: "needs-reboot", detail: "going back needs a restart: another kernel" },
    }),
    { kind: "waiting", failsAs: expect.stringMatching(/systemctl reboot on that node$/u) },
  ],
  [
    "one that waits for its window is waited for",
    view({ state: "staged-for-reboot", system, waiting: { reason: "reboot-window", detail: "at 02:00" } }),
    { kind: "waiting", state: "staged-for-reboot", detail: "at 02:00", fetch: null },
  ],
  [
    "one that restarts is waited for",
    view({ state: "rebooting", system, waiting: { reason: "rebooting", detail: "another kernel" } }),
    { kind: "waiting", state: "rebooting", detail: "another kernel", fetch: null },
  ],
  [
    "one that still says so of the head before is too",
    view({ accepted: oldHead, state: "staged-for-reboot", waiting: { reason: "needs-reboot", detail: "x" } }),
    { kind: "waiting", state: "staged-for-reboot", detail: "has not taken the head", fetch: null },
  ],
  [
    "held says why",
    view({ state: "held", waiting: { reason: "hold", detail: "by ops" } }),
    { kind: "failed", reason: /held: by ops/u },
  ],
  [
    "reverted from the head before is not this one's failure",
    view({ state: "reverted", problem: { ...problem, at: before } }),
    { kind: "waiting" },
  ],
  [
    "a refused head is a failure although the node stays committed",
    view({ accepted: oldHead, problem: { ...problem, code: "head-expired" } }),
    { kind: "failed", reason: /refuses the head: head-expired/u },
  ],
  [
    "a closure that cannot be had yet is not",
    view({ accepted: oldHead, problem: { ...problem, code: "closure-unavailable" } }),
    { kind: "waiting" },
  ],
])("%s", (_, given, wanted) => {
  const outcome = nodeOutcome(given, goal);
  const reason = outcome.kind === "failed" ? outcome.reason : "";
  const expected = Object(wanted);
  const { reason: pattern, ...rest } = expected;
  expect(outcome).toMatchObject(rest);
  expect("failsAs" in outcome).toBe("failsAs" in rest);
  expect(reason).toMatch(pattern ?? /^/u);
});
