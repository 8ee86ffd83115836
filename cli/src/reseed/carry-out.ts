/** SHELL. Puts back what a plan names, one after the other; what is there already is stored once. */
import type { FleetId, WorldId } from "@chimera/proto/names";
import type { ApiClient } from "../api/api-client.ts";
import type { NamedContext } from "../context/current-context.ts";
import { walkFleetKeys } from "../fleet/key-chain.ts";
import { copyFolder, readKeyCopies, writeCopy } from "../fleet/operator-copy.ts";
import { removeUnstored } from "../fleet/unstored-mark.ts";
import { putLostWaves } from "../fleet/wave-copy.ts";
import { keptWorld } from "../fleet/world-copy.ts";
import type { Io } from "../io.ts";
import { pushWorld } from "./push-world.ts";
import { sameOrContinues } from "./read-copy.ts";
import { removeMark, writeMark } from "./reseed-mark.ts";
import type { ReseedPlan, ReseedStep, VerifiedCopy } from "./reseed-plan.ts";
import type { Survey } from "./survey-fleet.ts";

interface Reseed {
  /** Where the copy lies. */
  folder: string;
  api: ApiClient;
  context: NamedContext;
  json: boolean;
  copy: VerifiedCopy;
  survey: Survey;
  plan: ReseedPlan;
}

export async function carryOutReseed(io: Io, reseed: Reseed): Promise<readonly ReseedStep[]> {
  const { api, copy, survey, plan, context } = reseed;
  const { fleetId } = context;
  const { head } = copy;
  if (head !== null && survey.isWorldLost && survey.leaves !== null) {
    if (plan.steps.some(({ kind }) => kind === "head")) await pushWorld(io, survey.leaves, reseed);
    await api.putWorld(head.head.world, { v: 1, leaves: survey.leaves });
  }
  for (const step of plan.steps) {
    await putWhatItNames(io, step.kind, reseed);
    await putBack(api, step, survey.revision);
  }
  await takeOver(io, fleetId, copy);
  await removeUnstored(io, fleetId);
  if (plan.isBehind && head !== null) await writeMark(io, fleetId, head.id);
  else await removeMark(io, fleetId);
  return plan.steps;
}

/** The controller takes no document whose lists or world it does not have. */
async function putWhatItNames(
  io: Io,
  kind: ReseedStep["kind"],
  { api, folder, copy, context: { fleetId } }: Reseed,
): Promise<void> {
  const { head, panic } = copy;
  if (kind === "head" && head !== null) await putLostWaves(api, folder, head.head);
  if (kind === "panic") await putWayBack(io, api, { fleetId, world: panic?.panic.world });
}

/** Of a panic over ssh the controller may know neither the document nor where it leads. */
async function putWayBack(
  io: Io,
  api: ApiClient,
  { fleetId, world }: { fleetId: FleetId; world: WorldId | undefined },
): Promise<void> {
  const leaves = world === undefined ? null : await keptWorld(io, fleetId, world);
  if (world !== undefined && leaves !== null) await api.putWorld(world, { v: 1, leaves });
}

async function putBack(api: ApiClient, { kind, envelope }: ReseedStep, revision: number): Promise<void> {
  switch (kind) {
    case "keys":
      await api.putKeys(envelope);
      return;
    case "head":
      await api.putHead({ envelope, expectedRevision: revision });
      return;
    case "panic":
      await api.putPanic(envelope);
      return;
    case "panic-ready":
      await api.putPanicReady(envelope);
      return;
    case "quarantine":
      await api.putQuarantine(envelope);
      return;
  }
}

/** A copy from elsewhere becomes this operator's own, where it is newer: what was seen only rises. */
async function takeOver(io: Io, fleetId: FleetId, copy: VerifiedCopy): Promise<void> {
  const own = await readKeyCopies(copyFolder(io, fleetId));
  if (own.length > 0) sameOrContinues(copy.chain, walkFleetKeys(own, fleetId));
  for (const { envelope } of copy.chain.slice(own.length)) {
    await writeCopy(io, fleetId, { kind: "keys", envelope });
  }
  for (const kind of ["head", "panic", "quarantine"] as const) {
    const envelope = copy[kind]?.envelope;
    if (envelope !== undefined) await writeCopy(io, fleetId, { kind, envelope });
  }
  if (copy.ready !== null)
    await writeCopy(io, fleetId, { kind: "panic-ready", envelope: copy.ready.envelope });
}
