/** SHELL. Somebody who looks at a fleet through ssh, and believes only signatures: without a controller, or with one that is behind. */
import { resolve } from "node:path";
import type { NodeView } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { NodeName, type Digest, type FleetId, type WorldId } from "@chimera/proto/names";
import { parsePayload, payloadOf } from "@chimera/proto/signed/envelope";
import { Head } from "@chimera/proto/signed/head";
import type { Leaf } from "@chimera/proto/signed/world";
import type { NamedContext } from "../../context/current-context.ts";
import { readBoundedFile } from "../../documents/read-bounded.ts";
import { checkView, nodeKeysOf } from "../../fleet/check-view.ts";
import { readSeen, rememberPanic } from "../../fleet/fleet-memory.ts";
import { rememberedKeys, type FleetKeys } from "../../fleet/key-chain.ts";
import { orWarn } from "../../fleet/or-warn.ts";
import { newestOf, verifyNewest, type Seen } from "../../fleet/newest-document.ts";
import { copyFolder, readCopy, writeCopy } from "../../fleet/operator-copy.ts";
import type { Trust } from "../../fleet/verify-documents.ts";
import { readUnstored } from "../../fleet/unstored-mark.ts";
import { keptWorld } from "../../fleet/world-copy.ts";
import type { Io } from "../../io.ts";
import type { Project } from "../../project/project-file.ts";
import { checkWorld } from "../../world/check-world.ts";
import { WorldFile } from "../../world/world-file.ts";
import { askController, type AskedController } from "./ask-controller.ts";
import { knownFleet, longerChain, provenWorld, type KnownFleet, type Shown } from "./known-fleet.ts";
import { baseOf } from "./choose-base.ts";
import type { ChosenBase } from "../../fleet/base/judge-return.ts";
import type { Ssh } from "../transport/ssh-client.ts";
import { surveyNodes, viewOf, type Surveyed } from "./survey-nodes.ts";

export interface SshObserver {
  context: NamedContext;
  keys: FleetKeys;
  trust: Trust;
  known: KnownFleet;
  /** Of the effective world. */
  leaves: Leaf[];
  surveyed: Surveyed[];
  /** By ssh, and by a controller that answers. `verified` as checked here. */
  views: NodeView[];
  isControllerThere: boolean;
  /** Of any world that somebody here has. Throws world-unknown. */
  world: (id: WorldId) => Promise<Leaf[]>;
}

export interface SshLook {
  context: NamedContext;
  project: Project;
  /** To be asked beside those of the newest known world. */
  nodes: readonly NodeName[];
  worldFile: string | undefined;
  /** `effective`: to build upon it, with what a controller that answers knows. `head`: the world of the newest head, at once. */
  base: "effective" | "head";
  /** For whoever cannot wait for nodes that do not answer; only where this machine has a head and its world. */
  patienceMs?: number | undefined;
  /** By a person, where nodes contradict each other. */
  chosen?: ChosenBase | undefined;
}

/** Throws keys-stale where this operator has never seen the fleet's key sets. */
export async function createSshObserver(io: Io, ssh: Ssh, look: SshLook): Promise<SshObserver> {
  const { context } = look;
  const { fleetId } = context;
  const own = await ownKeys(io, fleetId);
  const [early, controller, copy] = await Promise.all([
    firstSurvey(io, ssh, look),
    look.base === "effective" ? askController(io, context) : null,
    ownDocuments(io, fleetId),
  ]);
  const reports = reportsOf(early);
  const keys = await withNewerKeys(io, own, { fleetId, controller, reports });
  const trust = trustOf(fleetId, keys, await readSeen(io, fleetId));
  const shown: Shown[] = [copy, ...reports.map(({ report }) => report), ...shownBy(controller)];
  const found = knownFleet(shown, trust, io.nowMs());
  const world = (id: WorldId) => findWorld(io, id, { look, reports, controller });
  const effective =
    look.base === "head"
      ? found.effective
      : await baseOf(found, { fleetId, chosen: look.chosen, reports, world });
  const known = { ...found, effective, stored: await storedOf(io, fleetId, { found, controller, trust }) };
  await keepPanic(io, fleetId, known);
  const base = worldOf(known, look.base);
  const leaves = base === null ? [] : await world(base);
  const keyOf = nodeKeysOf(leaves);
  const surveyed = [...early, ...(await lateSurvey(ssh, { leaves, surveyed: early, look }))];
  const nearer = reportsOf(surveyed).map((one) => viewOf(one, { fleetId, keyOf }));
  const others = (controller?.nodes ?? []).filter(({ node }) => !nearer.some((view) => view.node === node));
  const views = [...nearer, ...others.map((view) => checkView(view, fleetId, keyOf))];
  return {
    context,
    keys,
    trust,
    known,
    leaves,
    surveyed,
    views,
    isControllerThere: controller !== null,
    world,
  };
}

/** One that only nodes knew: `chimera reseed` brings it to the controller from here. */
async function keepPanic(io: Io, fleetId: FleetId, { panic }: KnownFleet): Promise<void> {
  if (panic === null) return;
  await orWarn(io, "this machine will not remember the panic that nodes show", () =>
    rememberPanic(io, fleetId, panic.envelope),
  );
}

/** Whose leaf is known only since nodes showed the head: they get it, too. */
async function lateSurvey(
  ssh: Ssh,
  { leaves, surveyed, look }: { leaves: readonly Leaf[]; surveyed: readonly Surveyed[]; look: SshLook },
): Promise<Surveyed[]> {
  if (look.base === "head") return [];
  const asked = new Set(surveyed.map(({ node }) => node));
  const late = leaves.flatMap(({ node }) => (asked.has(node) ? [] : [node]));
  return late.length === 0 ? [] : surveyNodes(ssh, late);
}

function worldOf({ head, effective }: KnownFleet, base: SshLook["base"]): WorldId | null {
  if (base === "head") return head?.head.world ?? null;
  return effective.kind === "none" ? null : effective.world;
}

async function ownKeys(io: Io, fleetId: FleetId): Promise<FleetKeys> {
  const keys = await rememberedKeys(io, fleetId);
  if (keys !== undefined) return keys;
  throw new ChimeraError(
    "keys-stale",
    `this machine has never seen the key sets of the fleet, and no node can prove them alone: copy ${copyFolder(io, fleetId)} from a machine of an operator`,
  );
}

async function ownDocuments(io: Io, fleetId: FleetId): Promise<Shown> {
  const folder = copyFolder(io, fleetId);
  const [head, panic] = await Promise.all([readCopy(folder, "head"), readCopy(folder, "panic")]);
  return { head: head ?? null, panic: panic ?? null, rollout: null };
}

function shownBy(controller: AskedController | null): Shown[] {
  if (controller === null) return [];
  const { head, panic, rollout } = controller.view;
  return [{ head: head?.envelope ?? null, panic: panic?.envelope ?? null, rollout }];
}

/** What the store has, as far as it is known here: what the next head follows, unless nodes hold a panic, which it must answer. */
async function storedOf(
  io: Io,
  fleetId: FleetId,
  { found, controller, trust }: { found: KnownFleet; controller: AskedController | null; trust: Trust },
): Promise<Digest | null> {
  if (found.panic !== null) return found.panic.id;
  if (controller !== null) return shownNewest(controller, trust);
  const { head } = found;
  return head !== null && (await readUnstored(io, fleetId)) === head.id ? head.head.previous : null;
}

/** Null for what is not genuine: reseed will tell. */
function shownNewest({ view }: AskedController, trust: Trust): Digest | null {
  try {
    return newestOf(verifyNewest(view, trust))?.id ?? null;
  } catch (error) {
    return orNull(error);
  }
}

type Reports = readonly Extract<Surveyed, { kind: "report" }>[];

function reportsOf(surveyed: readonly Surveyed[]): Reports {
  return surveyed.flatMap((one) => (one.kind === "report" ? [one] : []));
}

/** What follows this operator's own sets is theirs to keep, whoever shows it. */
async function withNewerKeys(
  io: Io,
  own: FleetKeys,
  {
    fleetId,
    controller,
    reports,
  }: { fleetId: FleetId; controller: AskedController | null; reports: Reports },
): Promise<FleetKeys> {
  const shown = [...(controller?.keySets ?? []), ...reports.map(({ report }) => report.keys)];
  const chain = longerChain(own.chain, shown);
  await orWarn(io, "this machine will not remember the newer key sets", async () => {
    for (const { envelope } of chain.slice(own.chain.length)) {
      await writeCopy(io, fleetId, { kind: "keys", envelope });
    }
  });
  return { chain, newest: chain.at(-1) ?? own.newest };
}

function trustOf(fleetId: FleetId, { newest, chain }: FleetKeys, seen: readonly Seen[]): Trust {
  const known = new Set(seen.map(({ id }) => id));
  return { fleetId, roles: newest.set.roles, chain, known, vouched: undefined };
}

/** Of chimera.toml, of the command, and of the newest head that was seen here; of what lay before it where its own world is not kept here. */
async function namesToAsk(io: Io, { context: { fleetId }, project, nodes }: SshLook) {
  const seen = await readCopy(copyFolder(io, fleetId), "head");
  const head = seen === undefined ? null : parsePayload(payloadOf(seen, "head"), Head);
  const leaves = head === null ? null : await keptWorld(io, fleetId, head.world);
  const before = leaves === null && head !== null ? await worldBefore(io, head) : null;
  const ofProject = Object.keys(project.nodes).map((node) => NodeName.parse(node));
  const known = leaves ?? before ?? [];
  const names = new Set([...ofProject, ...nodes, ...known.map(({ node }) => node)]);
  return { names: [...names].toSorted(), isWorldKnown: leaves !== null };
}

/** Another operator's head: its leaves are with the nodes, and nearly all of them were there before. */
async function worldBefore(io: Io, { fleetId, revertTo }: Head): Promise<Leaf[] | null> {
  return revertTo === null ? null : keptWorld(io, fleetId, revertTo);
}

/** Without a head of one's own the nodes' is waited for. */
async function firstSurvey(io: Io, ssh: Ssh, look: SshLook): Promise<Surveyed[]> {
  const { names, isWorldKnown } = await namesToAsk(io, look);
  return surveyNodes(ssh, names, isWorldKnown ? look.patienceMs : undefined);
}

async function findWorld(
  io: Io,
  id: WorldId,
  { look, reports, controller }: { look: SshLook; reports: Reports; controller: AskedController | null },
): Promise<Leaf[]> {
  const { fleetId } = look.context;
  const own = await keptWorld(io, fleetId, id);
  if (own !== null) return own;
  if (look.worldFile !== undefined) {
    const { world } = await readBoundedFile(resolve(io.cwd, look.worldFile), WorldFile);
    return checkWorld(world, { id, fleetId }).leaves;
  }
  const shown = await controller?.world(id).catch(orNull);
  if (shown !== undefined && shown !== null) return shown;
  const proofs = reports.map(({ node, report }) => ({ node, proofs: report.proofs }));
  return provenWorld(id, proofs, fleetId);
}

function orNull(error: unknown): null {
  if (error instanceof ChimeraError) return null;
  throw error;
}
