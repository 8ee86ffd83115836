/** SHELL. Does exactly one action. Whatever could be decided was decided before. */
import { rmSync } from "node:fs";
import { ChimeraError } from "@chimera/proto/errors";
import type { Leaf } from "@chimera/proto/signed/world";
import type { Action } from "../reconcile/decision.ts";
import type { UnitRecord } from "../reconcile/journal.ts";
import {
  collectActivationUnit,
  startActivationUnit,
  stopActivationUnit,
} from "./activation/activation-unit.ts";
import { layBallast } from "./state/ballast.ts";
import { armDeadMan, disarmDeadMan } from "./activation/dead-man.ts";
import type { FetchJob } from "./store/fetch-job.ts";
import { setRoot } from "./store/gc-roots.ts";
import { deleteLostGenerations } from "./store/lost-generations.ts";
import type { Loader } from "./loader/loader.ts";
import { setProfile } from "./store/nix.ts";
import { pruneOrder } from "./state/prune.ts";
import { reboot } from "./activation/reboot.ts";
import type { StorePath } from "@chimera/proto/names";
import type { SwitchLockHolder } from "./activation/switch-lock-holder.ts";
import { isSwitchLocked, switchLockFile } from "./activation/switch-lock.ts";

export interface Performer {
  stateDir: string;
  runtimeDir: string;
  ownPath: StorePath | null;
  fetchJob: FetchJob;
  leaf: () => Leaf | null;
  loader: Loader;
  switchLock: SwitchLockHolder;
  /** What empties the node before a restart, and brings its work back; the module's, never a head's. */
  drain: readonly string[] | null;
  undrain: readonly string[] | null;
  /** What went wrong beside an action, and changes nothing about it. */
  onTrouble: (error: unknown) => void;
}

export async function perform(action: Action, performer: Performer): Promise<void> {
  switch (action.kind) {
    case "start-fetch":
      startFetch(action, performer);
      return;
    case "start-unit":
      await startUnit(action, performer);
      return;
    case "collect-unit":
      // Its end is known: nobody waits until systemd has forgotten it.
      void collectActivationUnit(action.name, performer.stateDir).catch(performer.onTrouble);
      return;
    case "stop-unit":
      await stopActivationUnit(action.name, performer.stateDir);
      return;
    case "set-profile":
      await setProfile(action.toplevel);
      return;
    case "arm-dead-man":
      // Nothing else may hold what it goes back to.
      setRoot("previous", action.previous);
      await armDeadMan(action, performer);
      return;
    case "disarm-dead-man":
      await disarmDeadMan();
      pruneOrder(performer);
      layBallast(performer.stateDir);
      return;
    case "reboot":
      await reboot(action.entry, performer.loader);
      return;
    case "clear-boot-once":
      await performer.loader.clearBootOnce();
      return;
  }
}

async function startUnit(
  action: Extract<Action, { kind: "start-unit" }>,
  { stateDir, switchLock, drain, undrain, onTrouble }: Performer,
): Promise<void> {
  try {
    if (action.keep !== null) setRoot("previous", action.keep);
    // A way back was not fetched for this order: nothing else may hold its target any more.
    if (action.unit.action === "test") setRoot("wanted", action.unit.toplevel);
  } catch (error) {
    // What goes back, as from a disk that the new system has filled, does not wait for a root.
    if (!action.isGoingBack) throw error;
    onTrouble(error);
  }
  await switchLock.release();
  if (action.clearLists) clearUnitLists();
  // Should it fail, the installer says what is wrong.
  if (action.unit.action === "boot") await deleteLostGenerations().catch(onTrouble);
  await startActivationUnit({ ...action, argv: argvOf(action.unit, { drain, undrain }), stateDir });
}

function argvOf(
  { action, toplevel }: UnitRecord,
  own: Pick<Performer, "drain" | "undrain">,
): readonly string[] {
  if (action === "test" || action === "boot") return [`${toplevel}/bin/switch-to-configuration`, action];
  const argv = own[action];
  if (argv === null) throw new ChimeraError("config-invalid", `reboot.${action} is not configured any more`);
  return argv;
}

/** What root ordered on the node itself lies in the store already: it is only rooted and looked at. */
function startFetch(action: Extract<Action, { kind: "start-fetch" }>, performer: Performer): void {
  const { head, toplevel, keep, isLocal } = action;
  if (isLocal) {
    performer.fetchJob.startLocal(head, toplevel, keep);
    return;
  }
  const leaf = performer.leaf();
  if (leaf?.toplevel !== toplevel) {
    throw new ChimeraError("leaf-unproven", `no proven leaf of this node names ${toplevel}`);
  }
  performer.fetchJob.start(head, leaf, keep);
}

/** switch-to-configuration resumes these lists of a killed run, even when it goes back. */
function clearUnitLists(): void {
  if (isSwitchLocked(switchLockFile)) return;
  for (const list of ["start", "restart", "reload"]) rmSync(`/run/nixos/${list}-list`, { force: true });
}
