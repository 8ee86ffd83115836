/** SHELL. Keys into the pane of one session, by a control client of its own that hears nothing: typing needs nobody who watches. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Typist } from "../../sessions/typist.ts";
import { openControlClient, type ControlClient } from "./control-client.ts";

export interface TypistOptions {
  socket: string;
  /** tmux's own id. */
  session: string;
  /** Nobody types there any more: the session is over, or its server. */
  onEnd: (reason: string) => void;
}

/** What tmux takes as one command. */
const keysAtOnce = 256;

/** Throws tool-failed where there is no such session. */
export async function openTypist({ socket, session, onEnd }: TypistOptions): Promise<Typist> {
  const client = await openControlClient({
    socket,
    session,
    hearsOutput: false,
    onOutput: () => undefined,
    onPaused: () => undefined,
    onEnd,
  });
  const pane = await paneOf(client);
  return {
    type: (keys) => typeInto(client, pane, keys),
    async resize({ columns, rows }) {
      await client.ask(["resize-window", "-t", session, "-x", `${columns}`, "-y", `${rows}`]);
    },
    close: client.close,
  };
}

export async function typeInto(client: ControlClient, pane: string, keys: Uint8Array): Promise<void> {
  for (let at = 0; at < keys.length; at += keysAtOnce)
    await client.ask(["send-keys", "-t", pane, "-H", ...hexOf(keys.subarray(at, at + keysAtOnce))]);
}

function hexOf(keys: Uint8Array): string[] {
  return Array.from(keys, (key) => key.toString(16).padStart(2, "0"));
}

export async function paneOf(client: ControlClient): Promise<string> {
  const [line] = (await client.ask(["display-message", "-p", "#{pane_id}"]))[0] ?? [];
  const pane = Buffer.from(line ?? []).toString("utf8");
  if (/^%\d+$/.test(pane)) return pane;
  throw new ChimeraError("tool-failed", `tmux names the pane "${pane.slice(0, 50)}"`);
}
