import { LocalOrder } from "@chimera/proto/local-order";
import { expect, test } from "vitest";
import { c, hold, journalOf, localOrder, problem, statusOf } from "./local-fixture.ts";
import { localProgress, orderOutcome } from "./order-outcome.ts";

const order = LocalOrder.parse(localOrder);
const mine = { epoch: 0, serial: 7, rank: 0, id: order.id, local: "apply" };
const at = (step: string, changes: object = {}) => journalOf({ step, order: mine, toplevel: c, ...changes });
const runsC = { current: c, booted: c, profile: c, bootDefault: c };

test.each<[string, Record<string, unknown>, object]>([
  ["committed and running is done", { journal: at("committed"), system: runsC }, { kind: "done" }],
  ["committed while something else runs is not", { journal: at("committed") }, { kind: "waiting" }],
  ["not begun yet is waited for", { local: localOrder }, { kind: "waiting" }],
  ["probation is waited for", { journal: at("probation"), local: localOrder }, { kind: "waiting" }],
  [
    "a restart that comes by itself is waited for",
    { journal: at("staged-for-reboot"), waiting: { reason: "reboot-window", detail: "at two" } },
    { kind: "waiting" },
  ],
  [
    "a restart that nobody orders is not",
    { journal: at("staged-for-reboot"), waiting: { reason: "needs-reboot", detail: "another kernel" } },
    { kind: "failed", code: "activation-failed", reason: "staged-for-reboot: another kernel" },
  ],
  [
    "reverted says why",
    { journal: at("reverted", { problem }) },
    { kind: "failed", code: "activation-failed", reason: "reverted: unit web.service failed" },
  ],
  ["refused without a reason", { journal: at("refused") }, { kind: "failed", code: "activation-failed" }],
  ["overtaken before it was done", { local: null }, { kind: "failed", code: "order-stale" }],
  [
    "held before it was begun",
    { local: localOrder, holds: { signed: null, local: hold } },
    { kind: "failed", code: "held" },
  ],
])("%s", (_, changes, outcome) => {
  expect(orderOutcome(statusOf(changes), order)).toMatchObject(outcome);
});

test("progress is one line, also while the agent replaces itself", () => {
  expect(localProgress(null)).toBe("the agent is away");
  expect(localProgress(statusOf({ waiting: { reason: "x", detail: "a\nb" } }))).toBe("committed (a b)");
});
