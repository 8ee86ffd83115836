/**
 * SHELL. The output of a session in which somebody may type: heard through a control client, kept for a while by its position, and a picture
 * of the screen for whoever begins or missed something.
 */
import { randomBytes } from "node:crypto";
import { StreamId, type TerminalSize } from "@chimera/proto/sessions/session";
import { createOutputRing } from "../../sessions/output-ring.ts";
import type { OutputSource } from "../../sessions/output-source.ts";
import { openControlClient } from "./control-client.ts";
import { drawPane } from "./draw-pane.ts";
import { paneOf, typeInto } from "./open-typist.ts";

export interface PaneSource extends OutputSource {
  /** Throws tool-failed. */
  type: (keys: Uint8Array) => Promise<void>;
  /** Throws tool-failed. */
  resize: (size: TerminalSize) => Promise<void>;
}

export interface PaneSourceOptions {
  socket: string;
  /** tmux's own id. */
  session: string;
  /** There is more of it, or never again. */
  onOutput: () => void;
  /** Nobody has closed it. */
  onEnd: (reason: string) => void;
}

const ringBytes = 1 << 20;
const rememberedGaps = 64;

/** The newest output; what tmux has dropped has no size: a position of its own says that there was something. */
function createHeard() {
  const ring = createOutputRing(ringBytes);
  const gaps: number[] = [];
  return {
    ring,
    noteGap: (): void => {
      gaps.push(ring.to);
      if (gaps.length > rememberedGaps) gaps.shift();
      ring.skip(1);
    },
    isCounted: (from: number, to: number) => !gaps.some((gap) => gap >= from && gap < to),
  };
}

export async function openPaneSource(options: PaneSourceOptions): Promise<PaneSource> {
  const { ring, noteGap, isCounted } = createHeard();
  let lost: string | null = null;
  let isClosed = false;
  const client = await openControlClient({
    ...options,
    onOutput(_, bytes) {
      ring.append(bytes);
      options.onOutput();
    },
    onPaused(pane) {
      // Not before tmux goes on: what is drawn until then lacks what comes until then.
      const goesOn = client.askAt(noteGap, ["refresh-client", "-A", `${pane}:continue`]);
      goesOn.then(options.onOutput, () => undefined);
    },
    onEnd(reason) {
      lost = reason;
      if (isClosed) return;
      options.onEnd(reason);
      options.onOutput();
    },
  });
  const pane = await paneOf(client);
  return {
    stream: StreamId.parse(randomBytes(8).toString("hex")),
    held: () => ({ from: ring.from, to: ring.to }),
    read: (from, most) => ring.read(from, most),
    isCounted,
    lost: () => lost,
    picture: () => drawPane(client, pane, (picture) => ({ ...picture, at: ring.to })),
    type: (keys) => typeInto(client, pane, keys),
    async resize({ columns, rows }) {
      await client.ask(["resize-window", "-t", options.session, "-x", `${columns}`, "-y", `${rows}`]);
    },
    close() {
      isClosed = true;
      client.close();
    },
  };
}
