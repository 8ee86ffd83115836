/** SHELL. The system's `ssh`, by argv: one connection for each node, kept in a private folder for as long as the command runs. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { execa } from "execa";
import type { Io } from "../io.ts";
import { sshArgv, sshOptions } from "./ssh-argv.ts";
import { sshFailure } from "./ssh-failure.ts";
import type { SshSettings, SshTarget } from "./ssh-settings.ts";

interface RemoteCall {
  target: SshTarget;
  words: readonly string[];
  /** Standard input. */
  input?: string;
  timeoutMs: number;
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
}

/** An agent answers in at most 4 MiB. */
const maxChars = 6 << 20;
/** Of a socket's name with what ssh adds to it, the kernel takes 107 bytes. */
const longestFolder = 40;

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
    run: (call) => run(io, options, call),
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

function privateFolder({ env }: Io): string {
  const runtime = env["XDG_RUNTIME_DIR"] ?? "";
  return /^\/[\w./-]+$/u.test(runtime) && runtime.length <= longestFolder ? runtime : "/tmp";
}

async function run(
  io: Io,
  options: readonly string[],
  { target, words, input = "", timeoutMs }: RemoteCall,
): Promise<RemoteResult> {
  const result = await execa("ssh", sshArgv(options, target, words), {
    ...quiet(io),
    input,
    timeout: timeoutMs,
    maxBuffer: maxChars,
    cancelSignal: io.signal,
  });
  io.signal.throwIfAborted();
  if (result.code === "ENOENT") throw missing();
  const { stdout, stderr } = result;
  if (result.timedOut) {
    throw new ChimeraError("deadline-exceeded", `ssh ${target}: no answer within ${timeoutMs / 1000} s`);
  }
  if (result.exitCode === 255 || result.exitCode === undefined) throw sshFailure(target, stderr);
  return { exitCode: result.exitCode, stdout, stderr };
}

async function watch(
  io: Io,
  options: readonly string[],
  { target, words, onLine, signal }: Watching,
): Promise<void> {
  const child = execa("ssh", sshArgv(options, target, words), {
    ...quiet(io),
    // Open as long as we watch: its end tells the other side that nobody does any more.
    stdin: "pipe",
    buffer: false,
    cancelSignal: AbortSignal.any([io.signal, signal]),
  });
  for await (const line of child.iterable({ from: "stdout" })) onLine(line);
  await child;
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
