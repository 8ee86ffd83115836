/** SHELL. The restart: the entry to boot once, then systemd. */
import type { Loader } from "../loader/loader.ts";
import { runOk } from "../run.ts";

const toolMs = 60_000;

/** Returns when systemd has taken the order. A null entry boots the loader's default. */
export async function reboot(entry: string | null, loader: Loader): Promise<void> {
  if (entry !== null) await loader.bootOnce(entry);
  await runOk("systemctl", ["reboot"], { timeoutMs: toolMs });
}
