/** SHELL. Does exactly one action. Whatever could be decided was decided before. */
import { rmSync } from "node:fs";
import { ChimeraError } from "@chimera/proto/errors";
import type { Leaf } from "@chimera/proto/signed/world";
import type { Action } from "../reconcile/decision.ts";
import { collectActivationUnit, startActivationUnit, stopActivationUnit } from "./activation-unit.ts";
import { checkAgent } from "./check-agent.ts";
import type { FetchJob } from "./fetch-job.ts";
import { setRoot } from "./gc-roots.ts";
import { setProfile } from "./nix.ts";
import { isSwitchLocked, switchLockFile } from "./switch-lock.ts";

export interface Performer {
  stateDir: string;
  fetchJob: FetchJob;
  configFile: string;
  leaf: () => Leaf | null;
}

export async function perform(action: Action, performer: Performer): Promise<void> {
  switch (action.kind) {
    case "start-fetch":
      startFetch(action, performer);
      return;
    case "start-unit":
      if (action.keep !== null) setRoot("previous", action.keep);
      // A way back was not fetched for this order: nothing else may hold its target any more.
      if (action.unit.action === "test") setRoot("wanted", action.unit.toplevel);
      if (action.clearLists) clearUnitLists();
      await startActivationUnit({ ...action, stateDir: performer.stateDir });
      return;
    case "collect-unit":
      await collectActivationUnit(action.name, performer.stateDir);
      return;
    case "stop-unit":
      await stopActivationUnit(action.name, performer.stateDir);
      return;
    case "set-profile":
      if (action.direction === "forward") await checkAgent(action.toplevel, performer.configFile);
      await setProfile(action.toplevel);
      return;
  }
}

function startFetch(action: Extract<Action, { kind: "start-fetch" }>, performer: Performer): void {
  const leaf = performer.leaf();
  if (leaf?.toplevel !== action.toplevel) {
    throw new ChimeraError("leaf-unproven", `no proven leaf of this node names ${action.toplevel}`);
  }
  performer.fetchJob.start(action.head, leaf, action.keep);
}

/** switch-to-configuration resumes these lists of a killed run, even when it goes back. */
function clearUnitLists(): void {
  if (isSwitchLocked(switchLockFile)) return;
  for (const list of ["start", "restart", "reload"]) rmSync(`/run/nixos/${list}-list`, { force: true });
}
