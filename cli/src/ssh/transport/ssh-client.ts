/** SHELL. The system's `ssh`, by argv: one connection for each node, kept in a private folder for as long as the command runs. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { answerMark } from "@chimera/proto/delivery";
import { maxAnswerBytes } from "@chimera/proto/local-api";
import { execa } from "execa";
import type { Io } from "../../io.ts";
import { createLines } from "./bounded-lines.ts";
import { sshArgv, sshOptions } from "./ssh-argv.ts";
import { sshFailure } from "./ssh-failure.ts";
import type { SshSettings, SshTarget } from "./ssh-settings.ts";

interface RemoteCall {
  target: SshTarget;
  words: readonly string[];
  /** Standard input. */
  input?: string;
  timeoutMs: number;
  /** Ends it early: deadline-exceeded. */
  signal?: AbortSignal | undefined;
}

export interface RemoteResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

interface Watching {
  target: SshTarget;
  words: readonly string[];
  onLine: (line: string) => void;
  signal: AbortSignal;
}

export interface Ssh {
  /** Any exit code of the remote program; throws what `sshFailure` makes of ssh's own, deadline-exceeded, tool-missing. */
  run: (call: RemoteCall) => Promise<RemoteResult>;
  /** Resolves when the remote program, the connection or `signal` ends it. */
  watch: (watching: Watching) => Promise<void>;
  /** For Nix, in NIX_SSHOPTS. */
  options: readonly string[];
  targetOf: SshSettings["targetOf"];
  /** The file that counts instead of ssh's own. */
  knownHosts: SshSettings["knownHosts"];
}

/** An agent answers in at most 4 MiB. */
const maxChars = 6 << 20;
/**
 * The kernel takes 107 bytes of a socket's name: /chimera-XXXXXX, the 41 of /%C, and the 17 that ssh adds while it makes it leave
 * no more for the folder.
 */
const longestFolder = 107 - "/chimera-XXXXXX".length - 41 - 17;
/** How long an ssh that was told to end may take. */
const killAfterMs = 1_000;

/** `close` ends all connections. */
export async function openSsh(
  io: Io,
  settings: SshSettings,
): Promise<{ ssh: Ssh; close: () => Promise<void> }> {
  const folder = await mkdtemp(join(privateFolder(io), "chimera-"));
  const options = sshOptions(settings, folder);
  const ssh: Ssh = {
    options,
    targetOf: settings.targetOf,
    knownHosts: settings.knownHosts,
    run: (call) => run(io, { options, knownHosts: settings.knownHosts }, call),
    watch: (watching) => watch(io, options, watching),
  };
  return {
    ssh,
    async close() {
      await closeAll(folder);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The same for as long as the work takes, however it ends. */
export async function withSsh<T>(io: Io, settings: SshSettings, work: (ssh: Ssh) => Promise<T>): Promise<T> {
  const { ssh, close } = await openSsh(io, settings);
  try {
    return await work(ssh);
  } finally {
    await close();
  }
}

/** Where the sockets' folder is made: a name that is too long for them, or that ssh would read otherwise, is not used. */
export function privateFolder({ env }: Pick<Io, "env">): string {
  const runtime = env["XDG_RUNTIME_DIR"] ?? "";
  return /^\/[\w./-]+$/u.test(runtime) && runtime.length <= longestFolder ? runtime : "/tmp";
}

async function run(
  io: Io,
  { options, knownHosts }: Pick<Ssh, "options" | "knownHosts">,
  { target, words, input = "", timeoutMs, signal }: RemoteCall,
): Promise<RemoteResult> {
  io.signal.throwIfAborted();
  if (signal?.aborted === true) throw tooLate(target);
  const result = await execa("ssh", sshArgv(options, target, words), {
    ...quiet(io),
    input,
    timeout: timeoutMs,
    maxBuffer: maxChars,
    cancelSignal: signal === undefined ? io.signal : AbortSignal.any([io.signal, signal]),
    forceKillAfterDelay: killAfterMs,
  });
  io.signal.throwIfAborted();
  if (result.isCanceled) throw tooLate(target);
  if (result.code === "ENOENT") throw missing();
  const { stdout, stderr } = result;
  if (result.timedOut) {
    throw new ChimeraError("deadline-exceeded", `ssh ${target}: no answer within ${timeoutMs / 1000} s`);
  }
  if (result.exitCode === 255 || result.exitCode === undefined) throw sshFailure(target, stderr, knownHosts);
  return { exitCode: result.exitCode, stdout, stderr };
}

async function watch(
  io: Io,
  options: readonly string[],
  { target, words, onLine, signal }: Watching,
): Promise<void> {
  const tooMuch = new AbortController();
  const child = execa("ssh", sshArgv(options, target, words), {
    ...quiet(io),
    // Open as long as we watch: its end tells the other side that nobody does any more.
    stdin: "pipe",
    buffer: false,
    cancelSignal: AbortSignal.any([io.signal, signal, tooMuch.signal]),
    forceKillAfterDelay: killAfterMs,
  });
  child.stderr.resume();
  const lines = createLines(onLine, maxAnswerBytes + answerMark.length);
  child.stdout.on("data", (piece: Buffer) => {
    if (!tooMuch.signal.aborted && !lines(piece)) tooMuch.abort();
  });
  await child;
}

function tooLate(target: SshTarget): ChimeraError {
  return new ChimeraError("deadline-exceeded", `ssh ${target}: no answer so far`);
}

function quiet({ env, cwd }: Io) {
  return { cwd, env: { ...env, LC_ALL: "C" }, extendEnv: false, reject: false } as const;
}

function missing(): ChimeraError {
  return new ChimeraError("tool-missing", "there is no `ssh` on PATH: --over ssh enters the nodes with it");
}

/** A master that is left would hold its connection for a minute more. */
async function closeAll(folder: string): Promise<void> {
  const sockets = await readdir(folder).catch(() => []);
  await Promise.all(
    sockets.map((name) =>
      execa("ssh", [`-oControlPath=${join(folder, name)}`, "-O", "exit", "--", "chimera"], {
        reject: false,
        timeout: 5_000,
        stdio: "ignore",
      }),
    ),
  );
}
