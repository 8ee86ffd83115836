/** SHELL. The stopwatch of a panic: who has acknowledged it, runs the previous system, and boots it, until all do or the time is up. */
import type { Digest, NodeName } from "@chimera/proto/names";
import { ChimeraError, errorCodes } from "@chimera/proto/errors";
import type { NodeView } from "@chimera/proto/api";
import type { Leaf } from "@chimera/proto/signed/world";
import type { FleetReader } from "../documents/fleet-reader.ts";
import { checkView, nodeKeysOf } from "../fleet/check-view.ts";
import type { Io } from "../io.ts";
import { isPanicOver, nextProgress, progressText, released, type PanicNode } from "./panic-progress.ts";

const pollMs = 100;
const pollManyMs = 500;
/** Up to here a list of the fleet is small. */
const fewNodes = 50;

export interface PanicWatch {
  /** Id of the stored panic. */
  panic: Digest;
  /** Of the world of the head that it undoes. */
  leaves: readonly Leaf[];
  /** performance.now() at the release. */
  releasedMs: number;
  timeoutSeconds: number;
  json: boolean;
}

/** Resolves with what was seen, also when the time is up. The controller may vanish meanwhile: nodes go on without it. */
export async function watchPanic(
  io: Io,
  { api, fleetId }: FleetReader,
  watch: PanicWatch,
): Promise<PanicNode[]> {
  const { leaves, panic, releasedMs, timeoutSeconds } = watch;
  const keyOf = nodeKeysOf(leaves);
  const keys = new Map(leaves.map(({ node, nodeKey }) => [node, nodeKey]));
  const names = new Set<NodeName>(leaves.map(({ node }) => node));
  let nodes = released(leaves);
  const tell = createTell(io, watch.json);
  while (!isPanicOver(nodes) && performance.now() - releasedMs < timeoutSeconds * 1000) {
    const found = await api.nodes().catch(orNone);
    const views = found.filter(({ node }) => names.has(node)).map((view) => checkView(view, fleetId, keyOf));
    const atMs = Math.round(performance.now() - releasedMs);
    nodes = nextProgress(nodes, { panic, views, keys, atMs });
    tell(nodes, atMs);
    io.signal.throwIfAborted();
    if (!isPanicOver(nodes)) await io.sleep(leaves.length > fewNodes ? pollManyMs : pollMs);
  }
  return nodes;
}

function orNone(error: unknown): NodeView[] {
  if (error instanceof ChimeraError && errorCodes[error.code].retry === "backoff") return [];
  throw error;
}

/** Each change once: a line for people and logs on stderr, nothing where a program reads. */
function createTell(io: Io, json: boolean): (nodes: readonly PanicNode[], atMs: number) => void {
  let last = "";
  return (nodes, atMs) => {
    if (json) return;
    const text = progressText(nodes, atMs);
    const news = text.slice(text.indexOf(":"));
    if (news === last) return;
    last = news;
    io.err(`${text}\n`);
  };
}
