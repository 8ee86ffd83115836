/** SHELL. The restart: what must be moved away first, the entry to boot once, then systemd. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Loader } from "../loader/loader.ts";
import { run, runOk } from "../run.ts";

/** What empties the node before it goes down; the module's, never a head's. */
export interface Drain {
  argv: readonly string[];
  timeoutSeconds: number;
}

export interface RebootOrder {
  /** Null boots the loader's default. */
  entry: string | null;
  drain: boolean;
}

const toolMs = 60_000;

/** Returns when systemd has taken the order. Throws when the drain fails, and then nothing is restarted. */
export async function reboot(
  { entry, drain }: RebootOrder,
  parts: { loader: Loader; drain: Drain | null },
): Promise<void> {
  if (drain && parts.drain !== null) await drainNode(parts.drain);
  if (entry !== null) await parts.loader.bootOnce(entry);
  await runOk("systemctl", ["reboot"], { timeoutMs: toolMs });
}

async function drainNode({ argv, timeoutSeconds }: Drain): Promise<void> {
  const [file, ...args] = argv;
  if (file === undefined) return;
  const { exitCode, stderr, timedOut } = await run(file, args, { timeoutMs: timeoutSeconds * 1000 });
  if (exitCode === 0) return;
  const how = timedOut ? `took longer than ${timeoutSeconds} s` : `ended with ${exitCode ?? "a signal"}`;
  throw new ChimeraError("activation-failed", `the drain before the restart ${how}`, {
    cause: new Error(stderr.trim().slice(-1000) || "no output"),
  });
}
