/** PURE. A machine as the tests of the reconciler see it: what each action does when it succeeds, and how time passes. */
import { Digest, StorePath } from "@chimera/proto/names";
import type { Action, Desired, Observed, UnitFact } from "../decision.ts";
import { plainPolicy } from "../order-policy.ts";
import type { PreflightFacts } from "../preflight/preflight-facts.ts";

const toplevel = (letter: string): StorePath =>
  StorePath.parse(`/nix/store/${letter.repeat(32)}-nixos-system-${letter}`);
export const headId = (digit: string): Digest => Digest.parse(digit.repeat(64));

export const a = toplevel("a");
export const b = toplevel("b");
export const c = toplevel("c");

export const desired = (serial: number, path: StorePath, over: Partial<Desired> = {}): Desired => ({
  order: { epoch: 0, serial, rank: 0, id: headId(String(serial % 10)), local: null },
  toplevel: path,
  undoes: null,
  blocked: null,
  waits: null,
  probationMs: 1_000,
  activationSeconds: 60,
  policy: plainPolicy,
  revertForeign: true,
  undoesBooted: false,
  ...over,
});

/** What root orders on the node itself, on the place of the head with this serial. */
export const localOf = (serial: number, path: StorePath, local: "apply" | "revert"): Desired => ({
  ...desired(serial, path),
  order: { epoch: 0, serial, rank: 0, id: headId("f"), local },
});

/** Nothing stands against the switch. */
export const clear: PreflightFacts = {
  isSystem: true,
  platform: { machine: "x86_64-linux", wanted: "x86_64-linux" },
  storeFreeBytes: 100 * 2 ** 30,
  boot: null,
  switchLock: null,
  inhibitors: [],
  isInitChanged: false,
  kernel: null,
  driver: null,
  along: [],
  loader: "one-shot",
  hasAgent: true,
};

/** Of the head with this serial: back to `path`. */
export const panicOf = (serial: number, path: StorePath | null, over: Partial<Desired> = {}): Desired => ({
  ...desired(serial, a),
  order: { epoch: 0, serial, rank: 1, id: headId("e"), local: null },
  toplevel: path,
  undoes: headId(String(serial % 10)),
  ...over,
});

export const observed = (over: Partial<Observed> = {}): Observed => ({
  at: "2026-11-23T12:00:00.000Z",
  uptimeMs: 100_000,
  bootId: "boot-1",
  system: { current: a, booted: a, profile: a, bootDefault: a },
  fetch: { kind: "idle" },
  switching: null,
  unit: { kind: "absent" },
  units: { state: "running", failing: [] },
  preflight: clear,
  contact: true,
  silentMs: null,
  standsIn: false,
  checks: [],
  declared: null,
  deadManArmed: false,
  bootEntry: null,
  ...over,
});

/** How an activation of a toplevel ends in this test, and whether it boots; without an entry it does both. */
export type Script = Readonly<Record<string, Extract<UnitFact, { kind: "ended" }> & { boots?: boolean }>>;

/** The machine after the action. A unit runs for one look and has ended at the next. */
export function after(action: Action | null, seen: Observed, script: Script = {}): Observed {
  const now = { ...seen, uptimeMs: seen.uptimeMs + 500 };
  return action === null ? settle(now) : carriedOut(action, now, script);
}

function carriedOut(action: Action, now: Observed, script: Script): Observed {
  switch (action.kind) {
    case "start-fetch":
      return { ...now, fetch: { kind: "done", head: action.head } };
    case "arm-dead-man":
    case "disarm-dead-man":
      return { ...now, deadManArmed: action.kind === "arm-dead-man" };
    case "clear-boot-once":
      return now;
    case "reboot":
      return restart(now, action.entry, script);
    case "start-unit":
      return startUnit(now, action, script);
    case "collect-unit":
    case "stop-unit":
      return { ...now, unit: { kind: "absent" } };
    case "set-profile":
      return { ...now, system: { ...now.system, profile: action.toplevel } };
  }
}

/** The loader boots the entry once, or its default; a system that does not boot falls back to the default. */
export function restart(seen: Observed, entry: string | null, script: Script = {}): Observed {
  const { system } = seen;
  const asked = entry === null ? system.bootDefault : entryTarget(entry);
  const boots = asked !== null && script[asked]?.boots !== false;
  const booted = boots ? asked : system.bootDefault;
  return {
    ...seen,
    bootId: `${seen.bootId}+`,
    uptimeMs: 5_000,
    unit: { kind: "absent" },
    deadManArmed: false,
    system: { ...system, booted, current: booted },
  };
}

const entryTarget = (entry: string): StorePath | null =>
  [a, b, c].find((path) => entry === `entry-${path.at(-1) ?? ""}.conf`) ?? null;

/** Long waits pass at once: a test need not know how long a backoff is. */
function settle(seen: Observed): Observed {
  return { ...seen, uptimeMs: seen.uptimeMs + 400_000 };
}

function startUnit(
  seen: Observed,
  { unit }: Extract<Action, { kind: "start-unit" }>,
  script: Script,
): Observed {
  const end = script[unit.toplevel] ?? { kind: "ended", result: "exited", exitCode: 0 };
  const done = end.exitCode === 0 || end.exitCode === 4;
  const { system } = seen;
  if (!done) return { ...seen, unit: end };
  if (unit.action === "test") return { ...seen, unit: end, system: { ...system, current: unit.toplevel } };
  if (unit.action !== "boot") return { ...seen, unit: end };
  // As NixOS's installer: the default is what the profile names, and every generation gets an entry.
  const bootDefault = system.profile;
  return { ...seen, unit: end, bootEntry: "entry-b.conf", system: { ...system, bootDefault } };
}
