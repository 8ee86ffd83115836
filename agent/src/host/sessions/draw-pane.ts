/** SHELL. What a pane shows now, by a client that also hears what its program writes: between the picture and what is heard next nothing is missing. */
import { ChimeraError } from "@chimera/proto/errors";
import type { TerminalSize } from "@chimera/proto/sessions/session";
import { paneFormat, pictureOf, readPaneFacts, type Picture } from "../../sessions/pane-picture.ts";
import type { ControlClient } from "./control-client.ts";

export interface DrawnPane extends Picture {
  size: TerminalSize;
}

/** Lines of scrollback in a picture. */
const historyLines = 2000;

/**
 * `take` is called at the seam: what was heard before is in the picture, and what is heard from then on follows it. tmux tells of a pause on the way
 * there, which this ends. Throws tool-failed.
 */
export async function drawPane<T>(
  client: ControlClient,
  pane: string,
  take: (drawn: DrawnPane) => T,
): Promise<T> {
  await client.ask(["refresh-client", "-A", `${pane}:pause`]);
  const taken = await client.askAt(
    (answers) => {
      const facts = readPaneFacts(textOf(answers[1]?.[0]));
      return facts === null
        ? null
        : { value: take({ ...pictureOf(answers[0] ?? [], facts), size: facts.size }) };
    },
    ["capture-pane", "-e", "-p", "-S", `-${historyLines}`, "-t", pane],
    ["display-message", "-p", "-t", pane, paneFormat],
    ["refresh-client", "-A", `${pane}:continue`],
  );
  if (taken === null) throw new ChimeraError("tool-failed", "tmux does not say what the pane looks like");
  return taken.value;
}

function textOf(line: Uint8Array | undefined): string {
  return Buffer.from(line ?? []).toString("utf8");
}
