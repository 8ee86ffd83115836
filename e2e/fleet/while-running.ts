/** SHELL. Something that runs on a host as long as a test needs it. */
import type { Host } from "../lab/host/host.ts";

/** Stopped again, whatever comes of it. */
export async function whileRunning(
  host: Host,
  argv: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  await host.runChecked(["systemd-run", "--unit=holder", "--collect", ...argv]);
  try {
    await work();
  } finally {
    await host.run(["systemctl", "stop", "holder"]);
  }
}
