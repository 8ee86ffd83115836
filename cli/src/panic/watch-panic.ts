/** SHELL. The stopwatch of a panic: who has acknowledged it, runs the previous system, and boots it, until all do or the time is up. */
import { ChimeraError, errorCodes } from "@chimera/proto/errors";
import type { Leaf } from "@chimera/proto/signed/world";
import type { Io } from "../io.ts";
import { printableJson } from "../print/printable.ts";
import type { LiveBlock } from "./live-block.ts";
import { blockLines, newsLines, newsSince } from "./panic-news.ts";
import {
  isBack,
  isPanicOver,
  nextProgress,
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
  /** Where a person watches. */
  block: Pick<LiveBlock, "draw"> | null;
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
  const tell = createTell(io, watch);
  for (;;) {
    const back = new Set(nodes.filter((node) => isBack(node)).map(({ node }) => node));
    const open = leaves.filter(({ node }) => !back.has(node));
    const words = await road.words(open).catch(nullWhileAway);
    const atMs = Math.round(performance.now() - releasedMs);
    const panics = new Set(panic.panics().keys());
    const now = nextProgress(nodes, { panics, words: words ?? [], keys, atMs });
    tell(nodes, now, atMs);
    nodes = now;
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

type Tell = (before: readonly PanicNode[], now: readonly PanicNode[], atMs: number) => void;

const drawMs = 100;

/** Each mark of each node once: an object a line for a program, a line a mark for a log; for a person who is missing, all the time. */
function createTell(io: Io, { json, block }: Pick<PanicWatch, "json" | "block">): Tell {
  let drawnMs = -Infinity;
  return (before, now, atMs) => {
    const news = newsSince(before, now, atMs);
    if (json) for (const one of news) io.out(`${printableJson(one)}\n`);
    else if (block === null) for (const line of newsLines(news, now, atMs)) io.err(`${line}\n`);
    else if (news.length > 0 || atMs - drawnMs >= drawMs) {
      block.draw(blockLines(now, atMs));
      drawnMs = atMs;
    }
  };
}
