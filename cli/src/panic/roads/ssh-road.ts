/**
 * SHELL. A panic over ssh, where neither controller nor NATS is there: brought to every node that answers, and tried on with the
 * others for as long as somebody watches. The nodes' receipts come back over the same connections.
 */
import type { NodeReport } from "@chimera/proto/delivery";
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeName } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { Leaf } from "@chimera/proto/signed/world";
import { currentContext } from "../../context/current-context.ts";
import { openSignedPanic } from "../../documents/open-signed.ts";
import { nodeKeysOf } from "../../fleet/check-view.ts";
import { rememberHead, rememberPanic } from "../../fleet/fleet-memory.ts";
import { orWarn } from "../../fleet/or-warn.ts";
import type { VerifiedHead } from "../../fleet/verify-documents.ts";
import { keepWorld } from "../../fleet/world-copy.ts";
import type { Io } from "../../io.ts";
import { readProject } from "../../project/project-file.ts";
import { reasonOf } from "../../ssh/transport/remote-agent.ts";
import { openSsh, type Ssh } from "../../ssh/transport/ssh-client.ts";
import { createSshObserver, type SshObserver } from "../../ssh/fleet/ssh-observer.ts";
import type { SshOptions } from "../../ssh/ssh-options.ts";
import { sshSettings } from "../../ssh/transport/ssh-settings.ts";
import { watchNodes, type Watched } from "../../ssh/fleet/watch-nodes.ts";
import { carryPanic, type Carried } from "../carry-panic.ts";
import { wordOf } from "../panic-progress.ts";
import type { PanicRoad } from "./panic-road.ts";

export interface SshRoadOptions extends Pick<SshOptions, "sshTarget" | "world"> {
  context?: string | undefined;
  /** Project file. */
  file?: string | undefined;
  json: boolean;
}

/** Nobody waits longer for a machine that may be dead. */
const hastySeconds = 5;
/** Nodes are asked for a newer head before anything is sent; where this machine has one, for no longer than this. */
const patienceMs = 2_000;

/** Throws world-unknown where neither this machine nor a node has a head of the fleet. */
export async function openSshRoad(io: Io, options: SshRoadOptions): Promise<PanicRoad> {
  const context = await currentContext(io, options.context);
  const project = await readProject(io, options.file);
  const settings = sshSettings(project.ssh, options.sshTarget);
  const connectTimeoutSeconds = Math.min(settings.connectTimeoutSeconds, hastySeconds);
  const opened = await openSsh(io, { ...settings, connectTimeoutSeconds });
  try {
    const asked = { nodes: [], worldFile: options.world, patienceMs };
    const look = { context, project, ...asked, base: "head" } as const;
    const observer = await createSshObserver(io, opened.ssh, look);
    return await roadOf(io, { ...opened, observer }, options);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

interface Opened {
  ssh: Ssh;
  close: () => Promise<void>;
  observer: SshObserver;
}

async function roadOf(
  io: Io,
  { ssh, close, observer }: Opened,
  { json }: SshRoadOptions,
): Promise<PanicRoad> {
  const { context, keys, leaves, known } = observer;
  const { fleetId } = context;
  const head = headOf(observer);
  for (const one of observer.surveyed) if (one.kind === "failed") io.err(`${reasonOf(one.error)}\n`);
  await rememberShown(io, observer, head);
  const ended = new AbortController();
  let watched: Watched | null = null;
  return {
    over: "ssh",
    context,
    fleetId,
    chain: keys.chain,
    newest: keys.newest,
    head,
    // One that was released before is what nodes have heard: they go by the first.
    ready: () => Promise.resolve(known.panic?.envelope ?? null),
    async release(envelope) {
      await rememberFirst(io, observer, envelope);
      const watch = watchOver({ io, ssh, observer, head }, (node, report) => carried.note(node, report));
      watched = watch;
      const ending = AbortSignal.any([ended.signal, io.signal]);
      const sent = { head, envelope, json, watched: watch, ended: ending };
      const carried: Carried = carryPanic({ io, ssh, ...groundOf(observer), ...sent });
      return carried;
    },
    leaves: () => Promise.resolve(leaves),
    words: (open) => Promise.resolve(wordsOf(watched, open)),
    async close() {
      ended.abort();
      await watched?.stop();
      await close();
    },
  };
}

function headOf({ known: { head } }: SshObserver): VerifiedHead {
  if (head !== null) return head;
  throw new ChimeraError(
    "world-unknown",
    "neither this machine nor a node that answers has a head of the fleet",
  );
}

/** A head that only nodes knew is seen now, and its world with it. */
async function rememberShown(io: Io, { context, leaves }: SshObserver, head: VerifiedHead): Promise<void> {
  const { fleetId } = context;
  await orWarn(io, "this machine will not remember what nodes show", async () => {
    await rememberHead(io, fleetId, head.envelope);
    await keepWorld(io, fleetId, { id: head.head.world, leaves });
  });
}

/** Before any node has it: the next head must answer it, and lead on from its world, even if this command dies now. */
async function rememberFirst(
  io: Io,
  { context, keys, world }: SshObserver,
  envelope: Envelope,
): Promise<void> {
  const { fleetId } = context;
  await orWarn(io, "this machine will not remember the panic", () => rememberPanic(io, fleetId, envelope));
  const id = openSignedPanic(keys.chain, envelope).panic.world;
  await orWarn(io, "this machine keeps no copy of the world that the panic leads to", async () =>
    keepWorld(io, fleetId, { id, leaves: await world(id) }),
  );
}

function groundOf({ context: { fleetId }, keys: { chain }, leaves, surveyed }: SshObserver) {
  return { fleetId, chain, leaves, surveyed };
}

interface Sources {
  io: Io;
  ssh: Ssh;
  observer: SshObserver;
  head: VerifiedHead;
}

function watchOver(
  { io, ssh, observer: { leaves, context }, head }: Sources,
  onReport: (node: NodeName, report: NodeReport) => void,
): Watched {
  return watchNodes(io, ssh, {
    nodes: [],
    serial: head.head.serial,
    fleetId: context.fleetId,
    keyOf: nodeKeysOf(leaves),
    reports: new Map(),
    onReport,
  });
}

/** What they have said since the last call. Whoever is not open any more is watched no longer. */
function wordsOf(watched: Watched | null, open: readonly Leaf[]) {
  if (watched === null) return [];
  const names = new Set(open.map(({ node }) => node));
  watched.keep(names);
  return watched.news().flatMap((view) => (names.has(view.node) ? (wordOf(view) ?? []) : []));
}
