import { initialTrust, quarantineHere, type TrustState } from "@chimera/proto/acceptance/trust-state";
import { Fresh } from "@chimera/proto/signed/fresh";
import { NodeName, StorePath } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { Beat, NodeStatus } from "@chimera/proto/status";
import { expect, test } from "vitest";
import { firstKeySet, fleetId } from "./control/fleet-fixture.ts";
import type { Pass } from "./loop.ts";
import { decide } from "./reconcile/decide.ts";
import { a, b, desired, headId, observed } from "./reconcile/model/machine-model.ts";
import { at as journalAt } from "./reconcile/model/play-machine.ts";
import { beatOf, composeStatus } from "./status-document.ts";

const at = "2026-11-29T12:00:00.000Z";
const onNew = { current: b, booted: b, profile: b, bootDefault: b };
const seen = { ...observed({ system: onNew }), undrainSeconds: 60 };

function statusOf(
  pass: Pass | null,
  trust: TrustState | null = null,
  rollout: RolloutRecord | null = null,
): NodeStatus {
  return NodeStatus.parse(
    composeStatus({
      node: NodeName.parse("n1"),
      fleetId,
      agent: { version: "1", path: null, startedAt: at, bootId: "b" },
      at,
      trust,
      local: { v: 1, order: null, hold: null },
      keys: { version: 1, epoch: 0 },
      rollout,
      receipt: null,
      wanted: b,
      problems: [],
      drift: { lastSweepAt: at, managed: 0, open: [], openCount: 0, reverted: 0 },
      pass,
    }),
  );
}

test("a commit is never told without what is still owed: a lead that reads it would let the next node go", () => {
  const journal = journalAt("committed", { drained: { failures: 0, retryAt: null, left: null } });
  const decision = decide(seen, journal, desired(1, b));
  expect(decision.plan?.action).toMatchObject({ kind: "start-unit" });
  expect(statusOf({ observed: seen, decision, journal })).toMatchObject({
    state: "committed",
    waiting: { reason: "undraining" },
  });
  const pausing = decide(seen, { ...journal, retryAt: seen.uptimeMs + 1 }, desired(1, b));
  expect(statusOf({ observed: seen, decision: pausing, journal }).waiting?.reason).toBe("undraining");
  const paid = { ...journal, drained: null };
  const settled = { observed: seen, decision: decide(seen, paid, desired(1, b)), journal: paid };
  expect(statusOf(settled)).toMatchObject({ state: "committed", waiting: null });
});

test("what it knows of its head's rollout is told; the time only of an end, since a record on its way is written all the time", () => {
  const record = { v: 1 as const, head: headId("1"), lease: 3, reason: "n1 failed", at };
  expect(statusOf(null).rollout).toBeNull();
  expect(statusOf(null, null, { ...record, phase: "waves" }).rollout).toEqual({ phase: "waves", at: null });
  expect(statusOf(null, null, { ...record, phase: "returned" }).rollout).toEqual({ phase: "returned", at });
});

test("what only a restart would bring is told, as far as it fits", () => {
  const restartAdvice = Array.from({ length: 20 }, () => "x".repeat(600));
  const journal = journalAt("committed", {});
  const pass = { observed: { ...seen, restartAdvice }, decision: decide(seen, journal, null), journal };
  expect(statusOf(pass).restartAdvice).toEqual(Array.from({ length: 8 }, () => "x".repeat(512)));
});

test("what a panic undid is told apart from what else is denied: a second try must not bring it back", () => {
  const failed = quarantineHere(initialTrust(firstKeySet, fleetId), {
    toplevel: a,
    reason: "web failed",
    at,
  });
  const trust = quarantineHere(failed, { toplevel: b, reason: "undone by panic 0.2", at });
  expect(statusOf(null, trust)).toMatchObject({ quarantine: [a, b], undone: [b] });
});

test("a specialisation is told by its name, beside the system that it is part of", () => {
  const journal = journalAt("committed", {});
  const gpu = StorePath.parse(`/nix/store/${"g".repeat(32)}-nixos-system-b-gpu`);
  const onGpu = { ...seen, specialisation: { of: b, name: "gpu", path: gpu } };
  const told = statusOf({ observed: onGpu, decision: decide(onGpu, journal, desired(1, b)), journal });
  expect(told).toMatchObject({ system: onNew, specialisation: { name: "gpu", path: gpu }, waiting: null });
  const none = { ...seen, specialisation: null };
  expect(statusOf({ observed: none, decision: decide(none, journal, null), journal })).not.toHaveProperty(
    "specialisation",
  );
});

test("status and beat carry the audit log that the controller signed, and say nothing of one that it did not", () => {
  const trust = initialTrust(firstKeySet, fleetId);
  const audit = { size: 4711, root: "0123456789abcdef".repeat(4) };
  const word = { v: 1, kind: "fresh", fleetId, head: null, revision: 0, at };
  const told = statusOf(null, { ...trust, fresh: Fresh.parse({ ...word, audit }) });
  expect(told.fresh).toEqual({ at, audit });
  expect(Beat.parse(beatOf(told))).toEqual({ e: 0, s: 0, p: "idle", a: "4711.0123456789abcdef" });
  const silent = statusOf(null, { ...trust, fresh: Fresh.parse(word) });
  expect(silent.fresh).toEqual({ at });
  expect(beatOf(silent)).toEqual({ e: 0, s: 0, p: "idle" });
});
