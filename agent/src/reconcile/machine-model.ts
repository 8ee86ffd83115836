/** PURE. A machine as the tests of the reconciler see it: what each action does when it succeeds, and how time passes. */
import { Digest, StorePath } from "@chimera/proto/names";
import type { Action, Desired, Observed, UnitFact } from "./decision.ts";

const toplevel = (letter: string): StorePath =>
  StorePath.parse(`/nix/store/${letter.repeat(32)}-nixos-system-${letter}`);
export const headId = (digit: string): Digest => Digest.parse(digit.repeat(64));

export const a = toplevel("a");
export const b = toplevel("b");
export const c = toplevel("c");

export const desired = (serial: number, path: StorePath, over: Partial<Desired> = {}): Desired => ({
  order: { epoch: 0, serial, rank: 0, id: headId(String(serial % 10)) },
  toplevel: path,
  undoes: null,
  blocked: null,
  probationMs: 1_000,
  activationSeconds: 60,
  revertForeign: true,
  ...over,
});

/** Of the head with this serial: back to `path`. */
export const panicOf = (serial: number, path: StorePath | null, over: Partial<Desired> = {}): Desired => ({
  ...desired(serial, a),
  order: { epoch: 0, serial, rank: 1, id: headId("e") },
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
  unit: { kind: "absent" },
  units: { state: "running", failing: [] },
  inhibitors: [],
  contact: true,
  ...over,
});

/** How an activation of a toplevel ends in this test; without an entry it succeeds. */
export type Script = Readonly<Record<string, Extract<UnitFact, { kind: "ended" }>>>;

/** The machine after the action. A unit runs for one look and has ended at the next. */
export function after(action: Action | null, seen: Observed, script: Script = {}): Observed {
  const now = { ...seen, uptimeMs: seen.uptimeMs + 500 };
  if (action === null) return settle(now);
  switch (action.kind) {
    case "start-fetch":
      return { ...now, fetch: { kind: "done", head: action.head } };
    case "start-unit":
      return startUnit(now, action, script);
    case "collect-unit":
    case "stop-unit":
      return { ...now, unit: { kind: "absent" } };
    case "set-profile":
      return { ...now, system: { ...now.system, profile: action.toplevel } };
  }
}

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
  const moved = unit.action === "test" ? { current: unit.toplevel } : { bootDefault: unit.toplevel };
  return { ...seen, unit: end, system: { ...system, ...moved } };
}
