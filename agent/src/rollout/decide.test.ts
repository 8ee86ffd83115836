import { expect, test } from "vitest";
import { playRollout } from "./model/play-rollout.ts";
import { restarts, type Part, type Play } from "./model/play.ts";

const fails: Part = [
  [0, "activating"],
  [2, "probation"],
  [6, "reverted", { problem: "failed since the activation: web.service" }],
];
const failsLate: Part = [
  [0, "activating"],
  [90, "reverted", { problem: "failed since the activation: web.service" }],
];
const losesContact: Part = [
  [0, "activating"],
  [2, "probation"],
  [8, "reverted", { problem: "no contact since the activation", lostContact: true }],
];
const diesInProbation: Part = [
  [0, "activating"],
  [2, "probation", { silentMs: 0 }],
];
const restartsItsNetwork: Part = [
  [0, "activating"],
  [2, "probation", { silentMs: 0 }],
  [118, "probation"],
  [120, "committed", { isProven: true }],
];
const provesItselfAsUsual: Part = [
  [0, "activating"],
  [2, "probation"],
  [32, "committed", { isProven: true }],
];
/** It leaves the probation to the nodes. */
const usualProbation = { policy: {} };
const comesBackEmpty: Part = [
  ...restarts.slice(0, -1),
  [90, "committed", { isProven: true, waiting: "undrain-failed", problem: "the undrain failed 3 times" }],
];
const diesUndraining: Part = [
  ...restarts.slice(0, -2),
  [70, "committed", { isProven: true, waiting: "undraining", silentMs: 0 }],
];
const goesBackLater: Part = [
  [0, "activating"],
  [12, "committed", { isProven: true }],
  [20, "reverted", { problem: "unhealthy after the commit: check web" }],
];
const neverComesBack: Part = [[0, "rebooting"]];

const sickLater: Part = [
  [0, "activating"],
  [2, "probation"],
  [12, "committed", { isProven: true }],
  [
    14,
    "committed",
    {
      isProven: true,
      asksHold: true,
      waiting: "unhealthy-holds-fleet",
      problem: "check web fails since the commit",
    },
  ],
];
const cannotBegin: Part = [
  [0, "staged", { waiting: "switch-locked", problem: "somebody else switches the system now" }],
];
const hasNotHeard: Part = [[0, "staged", { waiting: "rollout", problem: "wave 2 of 3: its lists" }]];
const getsReadyOnlyNow: Part = [[0, "fetching"]];

/** With one blow; each was heard last at another time. */
function losingOneByOne(nodes: readonly string[]): Record<string, Part> {
  const facts = { problem: "no contact since the activation", lostContact: true };
  return Object.fromEntries(
    nodes.map((node, index) => [
      node,
      [...losesContact.slice(0, -1), [8 + ((index * 7) % 11), "reverted", facts]],
    ]),
  );
}

const fleet = [1, 4, 15];
const twenty = Array.from({ length: 20 }, (_, i) => `n${String(i + 1).padStart(2, "0")}`);
const ask = (kind: "pause" | "resume" | "abort") => ({
  nonce: { pause: "1", resume: "2", abort: "3" }[kind].repeat(32),
  createdAt: `2026-11-29T00:00:0${{ pause: 1, resume: 2, abort: 3 }[kind]}.000Z`,
  kind,
  author: "kim",
  reason: "a look",
});

/** Each transcript is looked at when it changes: it is what an operator reads. */
const plays: Record<string, Play> = {
  "all goes well": { waves: fleet },
  "the canary fails": { waves: fleet, parts: { n01: fails }, policy: { maxFailed: 0 } },
  "a canary that nobody can reach": { waves: fleet, away: ["n01"] },
  "one failure is allowed, two are not": { waves: fleet, parts: { n03: fails, n08: fails } },
  "a failure without consent": {
    waves: fleet,
    parts: { n01: fails },
    policy: { maxFailed: 0 },
    head: { revertTo: null, consentUntil: null },
  },
  "the lead dies in the second wave": { waves: fleet, leadDies: [20] },
  "the lead dies while everybody stages": { waves: fleet, leadDies: [2] },
  "a fleet that restarts, five at a time": {
    waves: fleet,
    parts: Object.fromEntries(twenty.map((node) => [node, restarts])),
    policy: { maxUnavailable: 5 },
    seconds: 600,
  },
  "a node that does not come back from its restart": {
    waves: [1, 5],
    parts: { n01: restarts, n02: neverComesBack },
    policy: { maxUnavailable: 1, maxFailed: 0, onFailure: "pause" },
    seconds: 800,
  },
  "a node whose work does not come back after its restart": {
    waves: [1, 5],
    parts: { n01: restarts, n02: comesBackEmpty, n03: restarts },
    policy: { maxUnavailable: 1, maxFailed: 0, onFailure: "pause" },
    seconds: 400,
  },
  "half of a wave loses contact": {
    waves: fleet,
    parts: Object.fromEntries(
      ["n06", "n07", "n08", "n09", "n10", "n11", "n12", "n13", "n14", "n15", "n16"].map((node) => [
        node,
        losesContact,
      ]),
    ),
  },
  ...Object.fromEntries(
    [0, 1, 5].map((maxFailed) => [
      `half of a wave loses contact, noticed one by one, ${["none", "one"][maxFailed] ?? "five"} may fail`,
      { waves: fleet, parts: losingOneByOne(twenty.slice(5, 16)), policy: { maxFailed } },
    ]),
  ),
  "one of ten waves loses contact": {
    waves: Array.from({ length: 10 }, () => 10),
    parts: losingOneByOne(Array.from({ length: 10 }, (_, i) => `n${i + 41}`)),
    policy: { maxFailed: 0 },
  },
  "one node of a wave loses contact": {
    waves: fleet,
    parts: { n03: losesContact },
    policy: { maxFailed: 0 },
  },
  "a rack that is back while one may be on its way": {
    waves: [1, 9],
    away: ["n03", "n04", "n05", "n06", "n07"],
    backAt: 30,
    policy: { maxUnavailable: 1, maxFailed: 0 },
  },
  "a rack that is back in the wave after its own": {
    waves: [1, 6, 4],
    away: ["n05", "n06", "n07"],
    backAt: 50,
    policy: { maxUnavailable: 2, maxFailed: 0 },
  },
  "six of twenty are away": { waves: fleet, away: ["n03", "n07", "n08", "n12", "n15", "n20"] },
  "a node that is not ready when its wave goes": { waves: fleet, parts: { n03: getsReadyOnlyNow } },
  "a node dies in probation": { waves: fleet, parts: { n02: diesInProbation }, policy: { maxFailed: 0 } },
  "a canary that goes back by itself while the last wave goes": {
    waves: [1, 2],
    parts: { n01: goesBackLater },
    policy: { maxFailed: 1 },
    seconds: 200,
  },
  "a node that dies while its work comes back": {
    waves: [1, 2],
    parts: { n01: diesUndraining },
    policy: { maxFailed: 0, onFailure: "pause" },
    seconds: 300,
  },
  "a node that may go and cannot, and an operator goes on": {
    waves: [1, 2, 1],
    parts: { n02: cannotBegin },
    policy: { maxFailed: 0, onFailure: "pause" },
    leadDies: [400],
    asks: { 380: ask("pause"), 450: ask("resume") },
    seconds: 900,
  },
  "a node that does not hear that it may go": {
    waves: [1, 2, 1],
    parts: { n02: hasNotHeard },
    policy: { maxFailed: 0 },
    seconds: 400,
  },
  "paused, resumed": { waves: fleet, asks: { 10: ask("pause"), 40: ask("resume") } },
  "a canary that turns sick after its commit, and an operator goes on": {
    waves: fleet,
    parts: { n01: sickLater },
    policy: { maxFailed: 3 },
    asks: { 60: ask("resume") },
  },
  "a wave whose nodes come back late": {
    waves: [1, 4, 3],
    away: ["n02", "n03", "n04"],
    policy: { proven: 75 },
  },
  "a node dies in a probation of the usual length": {
    waves: fleet,
    parts: { n02: diesInProbation },
    policy: { maxFailed: 0 },
    head: usualProbation,
    seconds: 300,
  },
  "a node that is silent in a probation of the usual length for as long as it may be": {
    waves: fleet,
    parts: { n02: restartsItsNetwork },
    policy: { maxFailed: 0 },
    head: usualProbation,
    seconds: 300,
  },
  "the lead dies in the second wave of a probation of the usual length": {
    waves: fleet,
    parts: Object.fromEntries(twenty.map((node) => [node, provesItselfAsUsual])),
    leadDies: [60],
    head: usualProbation,
    seconds: 300,
  },
  "a rack whose hold is taken away while one may be on its way": {
    waves: [1, 5],
    held: ["n03", "n04", "n05"],
    heldUntil: 40,
    policy: { maxUnavailable: 1, maxFailed: 0 },
    seconds: 300,
  },
  "a node that fails after an operator went on over two that had lost contact": {
    waves: [1, 3],
    parts: { n02: losesContact, n03: losesContact, n04: failsLate },
    policy: { maxFailed: 0 },
    asks: { 60: ask("resume") },
  },
  aborted: { waves: fleet, asks: { 25: ask("abort") } },
  "paused by failures, and an operator goes on": {
    waves: fleet,
    parts: { n02: fails, n03: fails },
    policy: { onFailure: "pause" },
    asks: { 60: ask("resume") },
  },
};

test.each(Object.entries(plays))("%s", async (name, play) => {
  const lines = playRollout(play);
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(`golden/${name.replaceAll(/[^a-z]+/g, "-")}.txt`);
});
