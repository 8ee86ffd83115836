import { expect, test } from "vitest";
import type { SpaceText } from "./space-text.ts";
import { switchPlanText, type GroupText, type SwitchText } from "./switch-plan-text.ts";

type NodeText = GroupText["nodes"][number];

const nothing: SwitchText = {
  actions: [],
  ifRunning: [],
  unreadable: [],
  reboot: [],
  atNextBoot: [],
  rebootUnprotected: false,
  reexec: [],
  mounts: { stop: [], restart: [], reload: [], leave: [], mount: [], swapoff: [], swapon: [] },
  notes: [],
};

const path = (letter: string) => `/nix/store/${letter.repeat(32)}-nixos-system-n`;

const bytes = { closure: 5000, missing: 2048, paths: 3 };
const mib = 1 << 20;
const measured = { neededBytes: 2048, freeBytes: 1 << 30, reserveBytes: 512 * mib };
const silent = { kind: "unknown", because: "it has not said yet what is free", neededBytes: 2048 } as const;
const full = { kind: "lacks", missingBytes: mib + 1, ...measured, freeBytes: 511 * mib } as const;
const nothingNew = { kind: "ok", neededBytes: 0, freeBytes: null, reserveBytes: null } as const;

function node(name: string, store: SpaceText = silent, boot: SpaceText = nothingNew): NodeText {
  return { node: name, from: path("a"), to: path("b"), bytes, space: { store, boot } };
}

const group = (
  plan: SwitchText | null,
  nodes = [node("n1")],
  kind: GroupText["kind"] = "switch",
): GroupText => ({
  kind,
  plan,
  problem: null,
  nodes,
});

test("what happens is told by what it is, with who draws whom along", () => {
  const plan: SwitchText = {
    ...nothing,
    actions: [
      { unit: "a.service", does: "stop-and-start", because: null },
      { unit: "b.service", does: "stop-and-start", because: "a.service" },
      { unit: "c.service", does: "leave", because: null },
      { unit: "d.service", does: "run-again", because: null },
      { unit: "e.target", does: "stop-and-start", because: null },
    ],
    ifRunning: [{ unit: "t@*.service", does: "restart", runs: "t@*.service" }],
    reboot: ["another kernel: linux-1 -> linux-2"],
    rebootUnprotected: true,
    atNextBoot: ["another initrd"],
    reexec: ["another systemd"],
    mounts: { ...nothing.mounts, mount: ["/data"], swapoff: ["/dev/s"] },
  };
  const boot = {
    kind: "lacks",
    missingBytes: 5,
    neededBytes: 3 * mib,
    freeBytes: 9,
    reserveBytes: 8,
  } as const;
  expect(switchPlanText([group(plan, [node("n1", { kind: "ok", ...measured }, boot)])])).toBe(`n1
  needs a restart   another kernel: linux-1 -> linux-2
  if it fails       reboot-unprotected: the loader cannot boot an entry once (--accept-unprotected)
  stops, starts     a.service, b.service (with a.service)
  leaves as it is   c.service
  if they run       restarts t@*.service
  file systems      mounts /data; swaps off /dev/s
  run again         1 that end by themselves, as at every switch
  systemd           replaces itself: another systemd
  at the next boot  another initrd
  gets              2.0 KiB in 3 paths, unpacked
  store             ok: 2.0 KiB new, 1.0 GiB free (512.0 MiB must stay free)
  boot partition    lacks 1 MiB: 3.0 MiB new, 9 B free (8 B must stay free)
`);
});

test("a thousand nodes with one plan are one block; who has too little space and who says nothing is named", () => {
  const nodes = Array.from({ length: 1000 }, (_, i) => node(`web-${i}`, i === 7 ? full : silent));
  const text = switchPlanText([group(nothing, nodes, "idle")]);
  expect(text.split("\n").length).toBeLessThan(10);
  expect(text).toContain("web-6, web-7, … (1000 nodes): another system, and nothing of it runs differently");
  expect(text).toContain("lacks 2 MiB on web-7: 2.0 KiB new, 511.0 MiB free (512.0 MiB must stay free);");
  expect(text).toMatch(/unknown on web-0, .*\(999\s+nodes\), because it has not said yet what is free/u);
  expect(text).toContain("  boot partition    ok: nothing new\n");
});

const ok = (freeBytes: number) => ({ kind: "ok", ...measured, freeBytes }) as const;

test("of several nodes the tightest is told, and those that lack something come first", () => {
  const nodes = [node("n1", ok(900 * mib)), node("n2", ok(700 * mib)), node("n3", full)];
  const more = node("n4", { ...full, freeBytes: 0, missingBytes: 513 * mib });
  expect(switchPlanText([group(nothing, [...nodes, more])]).replaceAll(/\s+/gu, " ")).toContain(
    "lacks up to 513 MiB on n3, n4: 2.0 KiB new, as little as 0 B free (512.0 MiB must stay free); " +
      "ok on n1, n2: 2.0 KiB new, at least 700.0 MiB free (512.0 MiB must stay free)",
  );
});

test("names that would write to the terminal are made harmless, and long lists are wrapped between names", () => {
  const units = Array.from({ length: 40 }, (_, i) => `service-number-${i}.service`);
  const actions = [...units, "\u001b[2Jx.service"].map(
    (unit) => ({ unit, does: "restart", because: null }) as const,
  );
  const unreadable = [{ unit: "y\u0007.service", why: "\u001b]0;title\u0007bad" }];
  const text = switchPlanText([group({ ...nothing, actions, unreadable })]);
  expect(text).not.toMatch(/[^\n\P{Cc}]/u);
  expect(Math.max(...text.split("\n").map((one) => one.length))).toBeLessThanOrEqual(100);
  for (const unit of units) expect(text).toContain(unit);
});

test("sizes that nobody knows are said to be unknown", () => {
  const because = {
    kind: "unknown",
    because: "a closure \u001b[31mlist could not be had",
    neededBytes: null,
  } as const;
  const unknown = { ...node("n1", because, { ...silent, neededBytes: 3 * mib }), bytes: null };
  expect(switchPlanText([group(null, [unknown], "joins")])).toBe(`n1: first system
  gets              unknown: a closure list could not be had
  store             unknown, because a closure list could not be had
  boot partition    unknown, because it has not said yet what is free (3.0 MiB new)
`);
  expect(switchPlanText([{ ...group(null, [node("n1")], "unknown"), problem: "it is away" }]))
    .toBe(`n1: cannot be planned
  problem           it is away
`);
});
