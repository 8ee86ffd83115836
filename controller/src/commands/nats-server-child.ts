/** SHELL. nats-server as a child: found and checked, started again when it dies, ended with us or by our next start. */
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { execa } from "execa";
import { isNoEntry } from "../files/durable-file.ts";

/** Older ones let clients around their authentication (operations.md C3). */
const oldest = [2, 14, 3] as const;
const steadyMs = 10_000;
const endMs = 10_000;
const tailLength = 500;

export interface NatsServerChild {
  /** Makes it read its configuration again. */
  reload(): void;
  close(): Promise<void>;
}

/** Throws tool-missing when there is no nats-server on PATH, or only an old one. */
export async function startNatsServer(
  program: string,
  { configFile, pidFile }: { configFile: string; pidFile: string },
  log: Log,
): Promise<NatsServerChild> {
  await requireVersion(program);
  await endOrphan(configFile, pidFile, log);
  let child: ReturnType<typeof spawnServer> | undefined;
  const ending = new AbortController();
  async function keepRunning() {
    let waitMs = 250;
    while (!ending.signal.aborted) {
      const started = Date.now();
      child = spawnServer(program, configFile, pidFile);
      const said = tailOf(child.stderr);
      const { exitCode, signal } = await child;
      if (ending.signal.aborted) return;
      waitMs = Date.now() - started > steadyMs ? 250 : Math.min(waitMs * 2, 30_000);
      log.error({ exitCode, signal, waitMs, said: said() }, "nats-server ended");
      await sleep(waitMs, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  }
  const done = keepRunning();
  return {
    reload: () => void child?.kill("SIGHUP"),
    close: async () => {
      ending.abort();
      child?.kill("SIGTERM");
      await done;
    },
  };
}

function spawnServer(program: string, configFile: string, pidFile: string) {
  return execa(program, ["-c", configFile, "-P", pidFile], {
    reject: false,
    stdin: "ignore",
    stdout: "ignore",
    buffer: false,
    forceKillAfterDelay: 3000,
  });
}

/** The server's log goes to nobody while it runs; the last of it says why it ended. */
function tailOf(stream: Readable): () => string {
  let tail = "";
  stream.setEncoding("utf8").on("data", (text: string) => {
    tail = (tail + text).slice(-tailLength);
  });
  return () => tail;
}

/** A `dev` that was killed with -9 could not end its server, which holds the port and the data. */
async function endOrphan(configFile: string, pidFile: string, log: Log): Promise<void> {
  const pid = readPid(pidFile);
  if (pid === undefined || !runsWith(pid, configFile)) return;
  process.kill(pid, "SIGTERM");
  log.warn({ pid }, "nats-server of an earlier run ended");
  const deadline = performance.now() + endMs;
  while (runsWith(pid, configFile)) {
    if (performance.now() > deadline)
      throw new ChimeraError("write-conflict", `nats-server ${pid} does not end`);
    await sleep(50);
  }
}

function readPid(pidFile: string): number | undefined {
  const pid = Number(readOrEmpty(pidFile));
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

/** A number alone may be another process by now. */
function runsWith(pid: number, configFile: string): boolean {
  return readOrEmpty(`/proc/${pid}/cmdline`).split("\0").includes(configFile);
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    if (isNoEntry(cause) || isGone(cause)) return "";
    throw new ChimeraError("file-unreadable", file, { cause });
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ESRCH";
}

async function requireVersion(program: string): Promise<void> {
  const wanted = `nats-server ${oldest.join(".")} or newer`;
  const { stdout, failed, cause } = await execa(program, ["--version"], { reject: false });
  if (failed) throw new ChimeraError("tool-missing", `${wanted} is not on PATH`, { cause });
  if (isOlder(stdout)) {
    throw new ChimeraError("tool-missing", `${wanted} is needed, PATH has ${stdout.slice(0, 64)}`);
  }
}

/** "nats-server: v2.15.1" */
export function isOlder(shown: string): boolean {
  const found = (/v(\d+)\.(\d+)\.(\d+)/.exec(shown) ?? []).slice(1).map(Number);
  const differs = oldest.findIndex((part, i) => part !== found[i]);
  return differs >= 0 && (found[differs] ?? 0) < (oldest[differs] ?? 0);
}
