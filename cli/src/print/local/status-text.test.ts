import { expect, test } from "vitest";
import { plain } from "../paint.ts";
import { hold, journalOf, localOrder, problem, statusOf, until } from "./local-fixture.ts";
import { localStatusText } from "./status-text.ts";

test("a node at rest: one fact a line", () => {
  expect(localStatusText(statusOf(), plain)).toBe(
    `NODE          n1
STATE         committed
AGENT         0.1.0, since 2026-11-23T12:00:00.000Z
SIGNED        head 0.7
WANTED        bbbbbbbb-nixos-system-n1
RUNS          bbbbbbbb-nixos-system-n1
BOOTED        aaaaaaaa-nixos-system-n1
PROFILE       bbbbbbbb-nixos-system-n1
BOOT DEFAULT  bbbbbbbb-nixos-system-n1
JOURNAL       committed for 12 s: bbbbbbbb-nixos-system-n1 for 0.7
BEFORE        aaaaaaaa-nixos-system-n1
`,
  );
});

test("everything else that there may be", () => {
  const text = localStatusText(
    statusOf({
      agent: null,
      node: null,
      state: "fetching",
      waiting: { reason: "fetching", detail: "1 of 2" },
      fetch: { doneBytes: 1024, totalBytes: 2048 },
      panic: { epoch: 0, serial: 7, id: "2".repeat(64), acceptedAt: until },
      journal: journalOf({
        order: { epoch: 0, serial: 7, rank: 0, id: "x", local: "apply" },
        stepMs: null,
        unit: "chimera-activate-7",
        deadMan: { unit: "chimera-dead-man-7", inMs: 5_000 },
        retryInMs: 3_000,
        rebootReasons: ["another kernel"],
        unhealthy: "web",
      }),
      holds: { signed: hold, local: { ...hold, drift: true, evenPanic: true, author: "root@n1" } },
      local: localOrder,
      quarantine: [localOrder.toplevel],
      checks: [
        { name: "web", kind: "http", passesInRow: 0, failuresInRow: 2, runs: 2, message: "502", at: until },
        { name: "gpu", kind: "gpu", passesInRow: 1, failuresInRow: 0, runs: 1, message: null, at: null },
      ],
      problem,
      unreadable: [{ file: "/var/lib/chimera/local.json", reason: "not JSON" }],
    }),
    plain,
  );
  for (const line of [
    /^NODE +-$/mu,
    /^STATE +fetching 1\.0 KiB of 2\.0 KiB \(1 of 2\)$/mu,
    /^AGENT +does not run/mu,
    /^PANIC +0\.7\+panic/mu,
    /^JOURNAL +committed since before this boot: .* for local apply$/mu,
    /^UNIT +chimera-activate-7$/mu,
    /^DEAD-MAN +undoes it in 5 s \(chimera-dead-man-7\)$/mu,
    /^NEXT TRY +in 3 s$/mu,
    /^RESTART FOR +another kernel$/mu,
    /^UNHEALTHY +web$/mu,
    /^LOCAL +apply cccccccc-nixos-system-n1 until .* by root@n1: mended$/mu,
    /^HOLD +deploys until .* by ops: backup$/mu,
    /^LOCAL HOLD +deploys, drift reverts, panic until .* by root@n1: backup$/mu,
    /^QUARANTINE +cccccccc/mu,
    /^CHECK +web \(http\): 2 failures in a row; 502$/mu,
    /^CHECK +gpu \(gpu\): 1 passes in a row; not run yet$/mu,
    /^PROBLEM +activation-failed: unit web\.service failed/mu,
    /^UNREADABLE +\/var\/lib\/chimera\/local\.json: not JSON$/mu,
  ]) {
    expect(text).toMatch(line);
  }
});

test("a node on which nothing was ordered yet", () => {
  const text = localStatusText(statusOf({ journal: null, accepted: null, wanted: null }), plain);
  expect(text).toMatch(/^SIGNED +nothing yet$/mu);
  expect(text).toMatch(/^JOURNAL +nothing was ordered yet$/mu);
});

test("no text of the node's moves the cursor or makes a line", () => {
  const evil = "x\u001b[2Jy\nz";
  const text = localStatusText(
    statusOf({ problem: { ...problem, message: evil }, waiting: { reason: "r", detail: evil } }),
    plain,
  );
  expect(text).not.toContain("\u001b");
  expect(text).toMatch(/STATE +committed \(xy z\)\n/u);
});

test("a specialisation that runs is named, whatever its name is", () => {
  const variant = { name: "gpu\u001b[2J", path: `/nix/store/${"g".repeat(32)}-nixos-system-n1` };
  const text = localStatusText(statusOf({ specialisation: variant }), plain);
  expect(text).toMatch(/^SPECIALISATION +gpu$/mu);
});
