import { expect, test } from "vitest";
import { explain } from "./explain.ts";
import { b, c, hold, journalOf, localOrder, problem, statusOf } from "./local-fixture.ts";
import { plain } from "../paint.ts";
import { whyText } from "./why-text.ts";

const halfDone = {
  state: "probation",
  waiting: { reason: "probation", detail: "healthy, 18 s to go" },
  journal: journalOf({
    step: "probation",
    isReplaceable: false,
    deadMan: { unit: "chimera-dead-man-8", inMs: 640_000 },
  }),
};

test("a node that runs what is signed waits for nothing", () => {
  expect(explain(statusOf())).toEqual([]);
  expect(whyText(statusOf(), plain)).toBe(
    "nothing is waited for: bbbbbbbb-nixos-system-n1 runs, and is what is signed\n",
  );
});

test("what must happen first comes first", () => {
  const status = statusOf({
    ...halfDone,
    agent: null,
    panic: { epoch: 0, serial: 7, id: "2".repeat(64), acceptedAt: hold.until },
    holds: { signed: hold, local: { ...hold, author: "root@n1" } },
    local: localOrder,
    unreadable: [{ file: "/var/lib/chimera/trust.json", reason: "not JSON" }],
  });
  expect(explain(status).map(({ reason }) => reason)).toEqual([
    "no-agent",
    "file-unreadable",
    "probation",
    "panic",
    "held",
    "held",
    "local-order",
  ]);
});

test("each reason is one line, with what to do about it", () => {
  expect(whyText(statusOf({ ...halfDone, holds: { signed: null, local: hold } }), plain)).toBe(
    [
      "1. probation of bbbbbbbb-nixos-system-n1 for 12 s now (healthy, 18 s to go)",
      " -> wait: it ends by itself, else chimera-dead-man-8.timer undoes it in 10 m\n",
      "2. held by ops until 2026-11-23T13:00:00.000Z: backup -> wait, or end it: chimera local release\n",
    ].join(""),
  );
});

test.each<[string, Record<string, unknown>, RegExp, RegExp]>([
  [
    "a step of before this boot",
    { ...halfDone, journal: journalOf({ step: "reverting", isReplaceable: false, stepMs: null }) },
    /since before this boot/u,
    /^wait: it ends by itself$/u,
  ],
  [
    "a signed hold",
    { holds: { signed: hold, local: null }, state: "held", waiting: { reason: "held", detail: "x" } },
    /held by ops/u,
    /chimera hold release n1/u,
  ],
  [
    "what is tried again",
    {
      waiting: { reason: "backing-off", detail: "no route" },
      journal: journalOf({ step: "accepted", retryInMs: 30_000 }),
    },
    /no route/u,
    /tried again by itself, in 30 s/u,
  ],
  [
    "a restart that the policy forbids",
    { waiting: { reason: "needs-reboot", detail: "kernel" }, journal: journalOf() },
    /kernel/u,
    /--reboot when-needed/u,
  ],
  [
    "a restart on the way back",
    { waiting: { reason: "needs-reboot", detail: "kernel" }, journal: journalOf({ isGoingBack: true }) },
    /kernel/u,
    /systemctl reboot/u,
  ],
  [
    "a way back that failed",
    { waiting: { reason: "revert-failed", detail: "lock" }, journal: journalOf({ step: "revert-failed" }) },
    /lock/u,
    /needs a person/u,
  ],
  [
    "a system that was booted in the place of the default",
    { waiting: { reason: "booted-other", detail: "a was booted" } },
    /a was booted/u,
    /chimera local release/u,
  ],
  [
    "a reason of a newer agent",
    { waiting: { reason: "moon-phase", detail: "full" } },
    /moon-phase: full/u,
    /journalctl/u,
  ],
  [
    "one that an object has by itself",
    { waiting: { reason: "constructor", detail: "full" } },
    /constructor: full/u,
    /journalctl/u,
  ],
  [
    "a check of the committed system",
    {
      journal: journalOf({ unhealthy: "web" }),
      checks: [
        { name: "web", kind: "http", passesInRow: 0, failuresInRow: 3, runs: 9, message: "502", at: null },
      ],
    },
    /check web fails.*502/u,
    /local revert/u,
  ],
  ["root's order", { local: localOrder }, /apply of cccccccc.*mended/u, /signed: bbbbbbbb/u],
  [
    "a node that is elsewhere for no reason that it gives",
    { system: { current: c, booted: c, profile: c, bootDefault: c }, problem },
    /instead of.*web\.service/u,
    /deploy anew/u,
  ],
])("%s", (...row) => {
  const [, changes, text, todo] = row;
  expect(explain(statusOf(changes))).toEqual([
    { reason: expect.any(String), text: expect.stringMatching(text), todo: expect.stringMatching(todo) },
  ]);
});

test("a hostile reason is one printable line", () => {
  const evil = "\u001b]0;owned\u0007two\nlines";
  const lines = whyText(statusOf({ waiting: { reason: "paused", detail: evil } }), plain);
  expect(lines).toBe("1. paused: two lines -> an operator decides: chimera status, chimera rollback\n");
});

test("a node without anything signed names no path that is not there", () => {
  const status = statusOf({
    accepted: null,
    wanted: null,
    journal: null,
    state: "idle",
    waiting: { reason: "no-head", detail: "no head was accepted yet" },
  });
  expect(explain(status)).toMatchObject([
    { reason: "no-head", todo: expect.stringMatching(/chimera deploy/u) },
  ]);
  expect(explain(statusOf({ accepted: null, wanted: null, local: localOrder }))[0]?.todo).not.toContain(b);
});
