/** SHELL. What a node that does not answer left of a session's output. */
import { ChimeraError } from "@chimera/proto/errors";
import { printableLine } from "../../print/printable.ts";
import type { FoundSession } from "../find-session.ts";
import type { Kept, SessionRoad } from "../roads/session-road.ts";
import type { Seen } from "../view-stream.ts";
import type { Shown, Sink } from "./sink.ts";

export interface KeptOptions {
  road: SessionRoad;
  found: FoundSession;
  sink: Pick<Sink, "say">;
  show: (one: Shown) => Promise<void>;
  /** Whether the node is waited for. */
  waits: boolean;
}

/** Where it ends, for whatever comes when the node is back; "all" where there is nothing to wait for; null where nothing was kept. */
export async function showKept(options: KeptOptions, why: string): Promise<Seen | "all" | null> {
  const { road, found, sink, show, waits } = options;
  const kept = await road.kept(found).catch((error: unknown) => {
    if (error instanceof ChimeraError) return null;
    throw error;
  });
  const isOver = found.facts !== null && found.facts.state !== "running";
  sink.say(`${keptText(found, kept, why)}${isOver || !waits ? "" : "; waiting for it"}`);
  if (kept === null) return isOver ? "all" : null;
  if (kept.from > 0) await show({ kind: "gap", bytes: kept.from });
  await show({ kind: "output", bytes: kept.bytes });
  return isOver ? "all" : { stream: kept.stream, to: kept.from + kept.bytes.length };
}

function keptText({ node }: FoundSession, kept: Kept | null, why: string): string {
  const what =
    kept === null
      ? "and nothing of its output was kept"
      : `this is what ${node} left of it, up to ${printableLine(kept.saidAt)}`;
  return `${printableLine(why)}: ${what}`;
}
