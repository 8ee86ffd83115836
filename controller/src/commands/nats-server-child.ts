/** SHELL. nats-server as a child: found and checked, started again when it dies, ended with us. */
import { setTimeout as sleep } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { execa } from "execa";

/** Older ones know neither every setting that we write nor every fix that we need (operations.md C3). */
const oldest = [2, 11];
const steadyMs = 10_000;

export interface NatsServerChild {
  /** Makes it read its configuration again. */
  reload(): void;
  close(): Promise<void>;
}

/** Throws tool-missing when there is no nats-server on PATH, or only an old one. */
export async function startNatsServer(
  program: string,
  configFile: string,
  log: Log,
): Promise<NatsServerChild> {
  await requireVersion(program);
  let child: ReturnType<typeof spawnServer> | undefined;
  const ending = new AbortController();
  async function keepRunning() {
    let waitMs = 250;
    while (!ending.signal.aborted) {
      const started = Date.now();
      child = spawnServer(program, configFile);
      const { exitCode, signal } = await child;
      if (ending.signal.aborted) return;
      waitMs = Date.now() - started > steadyMs ? 250 : Math.min(waitMs * 2, 30_000);
      log.error({ exitCode, signal, waitMs }, "nats-server ended");
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

function spawnServer(program: string, configFile: string) {
  return execa(program, ["-c", configFile], { reject: false, stdio: "ignore", forceKillAfterDelay: 3000 });
}

async function requireVersion(program: string): Promise<void> {
  const wanted = `nats-server ${oldest.join(".")} or newer`;
  const { stdout, failed, cause } = await execa(program, ["--version"], { reject: false });
  if (failed) throw new ChimeraError("tool-missing", `${wanted} is not on PATH`, { cause });
  const [major = 0, minor = 0] = (/v(\d+)\.(\d+)/.exec(stdout) ?? []).slice(1).map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldest;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    throw new ChimeraError("tool-missing", `${wanted} is needed, PATH has ${stdout.slice(0, 64)}`);
  }
}
