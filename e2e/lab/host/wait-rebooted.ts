// SHELL. A host that reboots itself: it counts as back when another PID 1 (or QEMU) runs and its systemd says so.
import type { Host } from "./host.ts";
import { waitUntil } from "../wait-until.ts";

/** `reboot` makes it reboot; the command may be cut off together with the host. A VM's loader may try more than once. */
export async function waitRebooted(host: Host, reboot: () => Promise<unknown>): Promise<void> {
  const before = await host.leaderPid();
  await reboot();
  const isAnother = async (): Promise<boolean> => {
    const now = await host.leaderPid().catch(() => before);
    return now !== before && (await host.isOn());
  };
  await waitUntil(`${host.name} rebooted`, isAnother, { timeoutMs: 180_000 });
  await host.waitRunning();
}
