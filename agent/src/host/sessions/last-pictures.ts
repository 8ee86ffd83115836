/** SHELL. What terminals show at their end, many of them by one call of tmux, as bytes. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { ChimeraError } from "@chimera/proto/errors";
import type { TerminalSize } from "@chimera/proto/sessions/session";
import { execa } from "execa";
import { paneFormat, pictureOf, readPaneFacts, type Picture } from "../../sessions/pane-picture.ts";
import { attempt } from "../errno-outcome.ts";
import { toolEnvironment } from "../run.ts";

export interface LastPicture extends Picture {
  size: TerminalSize;
}

const toolMs = 30_000;
const maxBytes = 64 << 20;
/** A whole history each. */
const atOnce = 16;
/** Lines of scrollback, as in every picture. */
const historyLines = 2000;
const lineFeed = 0x0a;

/** In the order of the panes; null for one that is not there any more. */
export async function lastPictures(
  socket: string,
  panes: readonly string[],
): Promise<(LastPicture | null)[]> {
  const pictures: (LastPicture | null)[] = [];
  for (let from = 0; from < panes.length; from += atOnce)
    pictures.push(...(await ask(socket, panes.slice(from, from + atOnce))));
  return pictures;
}

async function ask(socket: string, panes: readonly string[]): Promise<(LastPicture | null)[]> {
  // What a program wrote cannot be taken for it.
  const mark = `chimera-${randomBytes(16).toString("hex")}`;
  const commands = panes.flatMap((pane) => [
    ["capture-pane", "-e", "-N", "-p", "-S", `-${historyLines}`, "-t", pane],
    ["display-message", "-p", "-t", pane, `${mark} ${paneFormat}`],
  ]);
  const words = commands.flatMap((command, index) => (index === 0 ? command : [";", ...command]));
  const { stdout } = await execa("tmux", ["-N", "-S", socket, ...words], {
    reject: false,
    encoding: "buffer",
    stripFinalNewline: false,
    stdin: "ignore",
    timeout: toolMs,
    maxBuffer: maxBytes,
    extendEnv: false,
    env: toolEnvironment(),
    cwd: "/",
  });
  const found = readPictures(Buffer.from(stdout), Buffer.from(`${mark} `));
  // The first that is gone ends the line: those behind it are asked for by themselves.
  if (found.length === panes.length || panes.length === 1)
    return panes.map((_, index) => found[index] ?? null);
  const rest = await Promise.all(panes.slice(found.length).map((pane) => ask(socket, [pane])));
  return [...found, ...rest.flat()];
}

function readPictures(said: Buffer, mark: Buffer): LastPicture[] {
  const pictures: LastPicture[] = [];
  let from = 0;
  for (let at = said.indexOf(mark); at !== -1; at = said.indexOf(mark, from)) {
    const end = said.indexOf(lineFeed, at);
    const facts = readPaneFacts(said.toString("latin1", at + mark.length, end === -1 ? said.length : end));
    if (facts === null || end === -1) break;
    pictures.push({ ...pictureOf(linesOf(said.subarray(from, at)), facts), size: facts.size });
    from = end + 1;
  }
  return pictures;
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let from = 0;
  for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, from)) {
    lines.push(bytes.subarray(from, end));
    from = end + 1;
  }
  return lines;
}

/** Throws file-unreadable. */
export function keepPicture(file: string, { history, screen }: Picture): void {
  const written = attempt(() => writeFileSync(file, Buffer.concat([history, screen]), { mode: 0o600 }));
  if (written.kind === "failed") throw new ChimeraError("file-unreadable", `${file}: ${written.errno}`);
}
