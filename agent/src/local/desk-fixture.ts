/** PURE. Tests only: a desk over a state in memory, and what it did. */
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeEventBody } from "@chimera/proto/event";
import type { OwnRequest } from "@chimera/proto/local-api";
import { LocalState, noLocalState } from "@chimera/proto/local-order";
import { expect } from "vitest";
import type { LocalFacts, SystemFinding } from "./judge-local.ts";
import { createLocalDesk } from "./local-desk.ts";
import { c, facts as settledFacts, noon } from "./local-fixture.ts";

const who = { v: 1, author: "root@n1", reason: "a test" } as const;
export const applyC = { ...who, command: "apply", toplevel: c, seconds: 3600 } satisfies OwnRequest;
export const revert: OwnRequest = { ...who, command: "revert", seconds: 600 };
export const hold: OwnRequest = { ...who, command: "hold", seconds: 7200, drift: true, evenPanic: false };
export const release: OwnRequest = { ...who, command: "release" };
export const signedHold = {
  until: "2026-11-23T15:00:00.000Z",
  drift: false,
  evenPanic: false,
  author: "ops",
  reason: "x",
};

export interface Setting {
  facts?: Partial<LocalFacts>;
  finding?: SystemFinding;
  quarantined?: string[];
  saveFails?: boolean;
  local?: LocalState;
}

interface World {
  local: LocalState;
  facts: LocalFacts;
  now: number;
  uptime: number;
  saveFails: boolean;
  events: NodeEventBody[];
  /** What was done, in order. */
  trail: string[];
}

export function openDesk({
  facts = {},
  finding = { kind: "system" },
  quarantined = [],
  ...rest
}: Setting = {}) {
  const world: World = {
    local: rest.local ?? noLocalState,
    facts: { ...settledFacts, ...facts },
    now: noon,
    uptime: 1_000,
    saveFails: rest.saveFails ?? false,
    events: [],
    trail: [],
  };
  const desk = createLocalDesk({
    state: () => world.local,
    save(state) {
      if (world.saveFails) throw new ChimeraError("file-unreadable", "the disk is full");
      world.local = LocalState.parse(state);
      world.trail.push("save");
    },
    facts: () => world.facts,
    inspect: async () => finding,
    isQuarantined: (toplevel) => quarantined.includes(toplevel),
    onChange: () => void world.trail.push("wake"),
    report(event) {
      world.events.push(event);
      world.trail.push("report");
    },
    nowMs: () => world.now,
    uptimeMs: () => world.uptime,
  });
  return { ...desk, world };
}

export const refused = (code: string, message: RegExp) => ({
  ok: false,
  error: { code, message: expect.stringMatching(message) },
});
