import { expect, test } from "vitest";
import { switchPlanText, type GroupText, type SwitchText } from "./switch-plan-text.ts";

const nothing: SwitchText = {
  actions: [],
  ifRunning: [],
  unreadable: [],
  reboot: [],
  atNextBoot: [],
  rebootUnprotected: false,
  reexec: [],
  mounts: { stop: [], restart: [], reload: [], leave: [], mount: [], swapoff: [], swapon: [] },
  bootBytes: 0,
  notes: [],
};

const path = (letter: string) => `/nix/store/${letter.repeat(32)}-nixos-system-n`;

function node(name: string, storeFreeBytes: number | null = null): GroupText["nodes"][number] {
  const bytes = { closure: 5000, missing: 2048, paths: 3 };
  return { node: name, from: path("a"), to: path("b"), bytes, storeFreeBytes };
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
    bootBytes: 3 << 20,
  };
  expect(switchPlanText([group(plan, [node("n1", 1 << 30)])])).toBe(`n1
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
  store             at least 1.0 GiB free
  boot partition    3.0 MiB new; what is free there no node says (its pre-flight looks)
`);
});

test("a thousand nodes with one plan are one block; who has too little space and who says nothing is named", () => {
  const nodes = Array.from({ length: 1000 }, (_, i) => node(`web-${i}`, i === 7 ? 100 : null));
  const text = switchPlanText([group(nothing, nodes, "idle")]);
  expect(text.split("\n").length).toBeLessThan(10);
  expect(text).toContain("web-6, web-7, … (1000 nodes): another system, and nothing of it runs differently");
  expect(text).toContain("too small on web-7; at least 100 B free; unknown for web-0, ");
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
  const unknown = { ...node("n1"), bytes: null };
  expect(switchPlanText([group(null, [unknown], "joins")])).toBe(`n1: first system
  gets              unknown: a closure list could not be had
  store             unknown for all
  boot partition    unknown
`);
  expect(switchPlanText([{ ...group(null, [node("n1")], "unknown"), problem: "it is away" }]))
    .toBe(`n1: cannot be planned
  problem           it is away
`);
});
