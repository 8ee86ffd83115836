/**
 * SHELL. A panic over ssh, where neither controller nor NATS is there: brought to every node that answers, and tried on with the
 * others for as long as somebody watches. The nodes' receipts come back over the same connections.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { NodeReport } from "@chimera/proto/delivery";
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeName } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import type { Leaf } from "@chimera/proto/signed/world";
import { currentContext } from "../context/current-context.ts";
import { nodeKeysOf } from "../fleet/check-view.ts";
import { rememberHead } from "../fleet/fleet-memory.ts";
import type { VerifiedHead } from "../fleet/verify-documents.ts";
import { keepWorld } from "../fleet/world-copy.ts";
import type { Io } from "../io.ts";
import { readProject } from "../project/project-file.ts";
import { panicBundle } from "../ssh/compose-bundle.ts";
import { deliverDocuments, type Delivered } from "../ssh/deliver-documents.ts";
import { reasonOf } from "../ssh/remote-agent.ts";
import { openSsh, type Ssh } from "../ssh/ssh-client.ts";
import { createSshObserver, type SshObserver } from "../ssh/ssh-observer.ts";
import type { SshOptions } from "../ssh/ssh-options.ts";
import { sshSettings } from "../ssh/ssh-settings.ts";
import { watchNodes, type Watched } from "../ssh/watch-nodes.ts";
import { wordOf } from "./panic-progress.ts";
import type { PanicRoad, Released } from "./panic-road.ts";

export interface SshRoadOptions extends Pick<SshOptions, "sshTarget" | "world"> {
  context?: string | undefined;
  /** Project file. */
  file?: string | undefined;
  json: boolean;
}

/** Nobody waits longer for a machine that may be dead. */
const hastySeconds = 5;
const againMs = 2_000;

/** Throws world-unknown where neither this machine nor a node has a head of the fleet. */
export async function openSshRoad(io: Io, options: SshRoadOptions): Promise<PanicRoad> {
  const context = await currentContext(io, options.context);
  const project = await readProject(io, options.file);
  const settings = sshSettings(project.ssh, options.sshTarget);
  const connectTimeoutSeconds = Math.min(settings.connectTimeoutSeconds, hastySeconds);
  const opened = await openSsh(io, { ...settings, connectTimeoutSeconds });
  try {
    const look = { context, project, nodes: [], worldFile: options.world, base: "head" } as const;
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
  const { context, keys, leaves } = observer;
  const { fleetId } = context;
  const head = headOf(observer);
  for (const one of observer.surveyed) if (one.kind === "failed") io.err(`${reasonOf(one.error)}\n`);
  // A head that only nodes knew is seen now, and its world with it.
  await rememberHead(io, fleetId, head.envelope);
  await keepWorld(io, fleetId, { id: head.head.world, leaves });
  const ended = new AbortController();
  let watched: Watched | null = null;
  return {
    over: "ssh",
    context,
    fleetId,
    chain: keys.chain,
    newest: keys.newest,
    head,
    ready: () => Promise.resolve(null),
    async release(envelope) {
      const away = new Set<NodeName>();
      const carrier = { io, ssh, observer, head, envelope, json, away, ended: ended.signal };
      watched = watchOver(carrier, await bring(carrier));
      return releasedAs(carrier);
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

interface Carrier {
  io: Io;
  ssh: Ssh;
  observer: SshObserver;
  head: VerifiedHead;
  envelope: Envelope;
  json: boolean;
  /** Nodes that could not be reached so far. */
  away: Set<NodeName>;
  /** Aborted when nobody watches any more. */
  ended: AbortSignal;
}

/** To all at once; those that could not be reached are tried again beside the watch. */
async function bring(carrier: Carrier): Promise<Map<NodeName, NodeReport>> {
  const { io, ssh, json, observer, away } = carrier;
  const nodes = observer.leaves.map(({ node }) => node);
  const bundles = nodes.map((node) => bundleFor(carrier, node));
  const tell = (one: Delivered): void => {
    if (one.kind !== "taken" && !json) io.err(`${reasonOf(one.error)}\n`);
  };
  const delivered = await deliverDocuments(ssh, { bundles, tell });
  for (const one of delivered) {
    if (one.kind !== "unreached") continue;
    away.add(one.node);
    void tryOn(carrier, one.node);
  }
  return new Map(delivered.flatMap(reportIn));
}

async function tryOn(carrier: Carrier, node: NodeName): Promise<void> {
  const { io, ssh, away, ended } = carrier;
  while (away.has(node)) {
    await delay(againMs, undefined, { signal: ended }).catch(() => undefined);
    if (ended.aborted || io.signal.aborted) return;
    const bundles = [bundleFor(carrier, node)];
    const [delivered] = await deliverDocuments(ssh, { bundles, tell: () => undefined }).catch(
      (error: unknown) => {
        if (io.signal.aborted) return [];
        throw error;
      },
    );
    if (delivered?.kind === "taken") away.delete(node);
  }
}

function reportIn(delivered: Delivered): [NodeName, NodeReport][] {
  const report = delivered.kind === "unreached" ? null : delivered.report;
  return report === null ? [] : [[delivered.node, report]];
}

function bundleFor({ observer, head, envelope }: Carrier, node: NodeName) {
  const { surveyed, keys, context } = observer;
  const found = surveyed.find((one) => one.node === node);
  return panicBundle({
    fleetId: context.fleetId,
    node,
    keys: found?.kind === "report" ? found.report.keys : null,
    chain: keys.chain,
    panic: envelope,
    undone: head.envelope,
  });
}

function watchOver(
  { io, ssh, observer, head }: Carrier,
  reports: ReadonlyMap<NodeName, NodeReport>,
): Watched {
  const { leaves, context } = observer;
  return watchNodes(io, ssh, {
    nodes: leaves.map(({ node }) => node),
    serial: head.head.serial,
    fleetId: context.fleetId,
    keyOf: nodeKeysOf(leaves),
    reports,
  });
}

/** No store keeps it: it is as good as stored once every node has it. */
function releasedAs({ envelope, away }: Carrier): Released {
  const id = sha256(payloadOf(envelope, "panic"));
  return { id, panics: () => new Map([[id, envelope]]), isStored: () => away.size === 0 };
}

function wordsOf(watched: Watched | null, open: readonly Leaf[]) {
  if (watched === null) return [];
  const names = new Set(open.map(({ node }) => node));
  return watched.views().flatMap((view) => (names.has(view.node) ? (wordOf(view) ?? []) : []));
}
