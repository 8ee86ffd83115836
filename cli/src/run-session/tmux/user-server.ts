/** SHELL. The user's own tmux server: where it listens, which sessions it has, and a new session in it. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { printableLine } from "../../print/printable.ts";
import { replaceFile } from "../../replace-file.ts";
import { Process } from "../record/run-record.ts";
import { privateFolder, runsFolder, runtimeFolder, socketIn } from "../runs/places.ts";
import { identify, isAlive } from "../runs/processes.ts";
import { callTmux, serverEnvironment, tmuxProgram, type TmuxResult } from "./tmux-command.ts";
import { commandList, setUp } from "./tmux-options.ts";

const ServerFile = z.object({ v: z.literal(1), socket: z.string().min(1).max(4096), process: Process });

export interface TmuxServer {
  program: string;
  socket: string;
  env: Record<string, string>;
}

/** Where the living server listens, whatever this shell's variables say; else where a new one will. */
export function userServer(io: Io): TmuxServer {
  const known = readServerFile(io);
  const socket = known !== undefined && isAlive(known.process) ? known.socket : socketIn(runtimeFolder(io));
  return { program: tmuxProgram(io), socket, env: serverEnvironment(io.env) };
}

/** `-N`: without a server it fails instead of starting one. */
async function askServer({ program, socket, env }: TmuxServer, args: readonly string[]): Promise<TmuxResult> {
  return callTmux(program, ["-N", "-S", socket, ...args], env);
}

/** Undefined when there is no such session; tmux takes its id for nothing else. */
export async function sessionId(io: Io, server: TmuxServer, name: string): Promise<string | undefined> {
  const list = async (): Promise<TmuxResult> =>
    askServer(server, ["list-sessions", "-F", "#{session_id} #{session_name}"]);
  let { stdout, code } = await list();
  if (code !== 0 && (await openSocketAgain(io, server))) ({ stdout, code } = await list());
  if (code !== 0) return undefined;
  const line = stdout.split("\n").find((one) => one.slice(one.indexOf(" ") + 1) === name);
  return line?.slice(0, line.indexOf(" "));
}

/** At logout systemd removes the folder of the socket; a server that lives on makes a new one when it is told to. */
async function openSocketAgain(io: Io, { socket }: TmuxServer): Promise<boolean> {
  const known = readServerFile(io);
  if (known === undefined || known.socket !== socket || !isAlive(known.process)) return false;
  privateFolder(dirname(socket));
  process.kill(known.process.pid, "SIGUSR1");
  await io.sleep(100);
  return true;
}

export interface NewSession {
  name: string;
  columns: number;
  rows: number;
  argv: readonly string[];
}

/** The session's id. A server that is just ending with its last session refuses; then the next one is ours. */
const tries = 20;
const pauseMs = 50;

export async function newSession(
  io: Io,
  server: TmuxServer,
  { name, columns, rows, argv }: NewSession,
): Promise<string> {
  privateFolder(dirname(server.socket));
  const size = ["-x", String(columns), "-y", String(rows)];
  const create = [
    "new-session",
    "-d",
    "-P",
    "-F",
    "#{session_id} #{pid}",
    "-s",
    name,
    ...size,
    "--",
    ...argv,
  ];
  const args = ["-S", server.socket, "-f", "/dev/null", ...commandList([...setUp, create])];
  let result: TmuxResult = { code: 1, stdout: "", stderr: "" };
  for (let left = tries; left > 0; left -= 1) {
    result = await callTmux(server.program, args, server.env);
    if (result.code === 0) break;
    if (!/server exited|lost server|no server|error connecting/u.test(result.stderr)) break;
    await openSocketAgain(io, server);
    await io.sleep(pauseMs);
  }
  if (result.code !== 0) {
    throw new ChimeraError(
      "tool-failed",
      `tmux made no session: ${printableLine(result.stderr)} (${server.socket})`,
    );
  }
  const [id = "", pid] = result.stdout.split(" ");
  await rememberServer(io, server.socket, Number(pid));
  return id;
}

async function rememberServer(io: Io, socket: string, pid: number): Promise<void> {
  const known = readServerFile(io);
  if (known?.socket === socket && known.process.pid === pid && isAlive(known.process)) return;
  const server = { v: 1, socket, process: identify(pid) };
  await replaceFile(serverPath(io), `${JSON.stringify(server)}\n`);
}

function serverPath(io: Io): string {
  return join(dirname(runsFolder(io)), "run-tmux.json");
}

function readServerFile(io: Io): z.infer<typeof ServerFile> | undefined {
  try {
    return ServerFile.safeParse(JSON.parse(readFileSync(serverPath(io), "utf8"))).data;
  } catch {
    // None was ever started, or the file is damaged: the usual place is looked at then.
    return undefined;
  }
}
