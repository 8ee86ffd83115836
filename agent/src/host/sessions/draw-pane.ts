/**
 * SHELL. What a pane shows now, by a client that also hears what its program writes: between the picture and what is heard next nothing is missing.
 * Others who hear that client miss nothing either: tmux is not told to pause, its answer waits behind the output that came before it.
 */
import { ChimeraError } from "@chimera/proto/errors";
import type { TerminalSize } from "@chimera/proto/sessions/session";
import { paneFormat, pictureOf, readPaneFacts, type Picture } from "../../sessions/pane-picture.ts";
import type { ControlClient } from "./control-client.ts";

export interface DrawnPane extends Picture {
  size: TerminalSize;
}

/** Lines of scrollback in a picture. */
const historyLines = 2000;

/** `take` is called at the seam: what was heard before is in the picture, and what is heard from then on follows it. Throws tool-failed. */
export async function drawPane<T>(
  client: ControlClient,
  pane: string,
  take: (drawn: DrawnPane) => T,
): Promise<T> {
  const command = ["capture-pane", "-e", "-N", "-p", "-S", `-${historyLines}`, "-t", pane];
  const taken = await client.askSealed(
    (lines, told) => {
      const facts = readPaneFacts(told);
      return facts === null ? { told } : { value: take({ ...pictureOf(lines, facts), size: facts.size }) };
    },
    { command, pane, format: paneFormat },
  );
  if ("value" in taken) return taken.value;
  throw new ChimeraError(
    "tool-failed",
    `tmux says of the pane "${taken.told.slice(0, 60)}": a session has 20-500 columns and 5-200 rows`,
  );
}
