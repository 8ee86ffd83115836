/** SHELL. The stopwatch of a panic: who has acknowledged it, runs the previous system, and boots it, until all do or the time is up. */
import { ChimeraError, errorCodes } from "@chimera/proto/errors";
import type { Leaf } from "@chimera/proto/signed/world";
import type { Io } from "../io.ts";
import {
  isBack,
  isPanicOver,
  nextProgress,
  progressText,
  released,
  type NodeWord,
  type PanicNode,
} from "./panic-progress.ts";
import type { PanicRoad, Released } from "./roads/panic-road.ts";

const pollMs: Record<PanicRoad["over"], number> = { controller: 100, nats: 20, ssh: 20 };
const pollManyMs = 500;
/** Up to here a list of the fleet is small. */
const fewNodes = 50;

export interface PanicWatch {
  panic: Pick<Released, "panics" | "isStored">;
  /** Of the world of the head that it undoes. */
  leaves: readonly Leaf[];
  /** performance.now() at the release. */
  releasedMs: number;
  timeoutSeconds: number;
  json: boolean;
}

/**
 * Resolves with what was seen, also when the time is up. Who tells of the nodes may vanish meanwhile: `next` is asked for
 * another one, and the nodes go on by themselves. Throws what has made the panic void meanwhile.
 */
export async function watchPanic(
  io: Io,
  { road: first, next }: { road: PanicRoad; next: (road: PanicRoad) => Promise<PanicRoad> },
  watch: PanicWatch,
): Promise<PanicNode[]> {
  const { leaves, panic, releasedMs, timeoutSeconds } = watch;
  const keys = new Map(leaves.map(({ node, nodeKey }) => [node, nodeKey]));
  let nodes = released(leaves);
  let road = first;
  const tell = createTell(io, watch.json);
  for (;;) {
    const back = new Set(nodes.filter((node) => isBack(node)).map(({ node }) => node));
    const open = leaves.filter(({ node }) => !back.has(node));
    const words = await road.words(open).catch(nullWhileAway);
    const atMs = Math.round(performance.now() - releasedMs);
    const panics = new Set(panic.panics().keys());
    nodes = nextProgress(nodes, { panics, words: words ?? [], keys, atMs });
    tell(nodes, atMs);
    io.signal.throwIfAborted();
    panic.isStored();
    if (isPanicOver(nodes) || performance.now() - releasedMs >= timeoutSeconds * 1000) return nodes;
    if (words === null) road = await next(road);
    await io.sleep(waitMs(road, leaves.length));
  }
}

/** The controller sends the whole list each time, NATS only what is new. */
function waitMs({ over }: PanicRoad, nodes: number): number {
  return over === "controller" && nodes > fewNodes ? pollManyMs : pollMs[over];
}

function nullWhileAway(error: unknown): NodeWord[] | null {
  if (error instanceof ChimeraError && errorCodes[error.code].retry === "backoff") return null;
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
