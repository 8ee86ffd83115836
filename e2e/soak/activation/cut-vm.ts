// SHELL. Cuts the power of a VM so long after an order. What its journal held is read from its disk while it is off: as the
// next kernel will find it, without what the guest had not synced.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Host } from "../../lab/host/host.ts";
import { hostFolder } from "../../lab/lab-state.ts";
import { runTool } from "../../lab/tools/run-tool.ts";
import { glimpseOf, type JournalGlimpse } from "./journal-steps.ts";
import type { Shot } from "./kill-at-write.ts";

export interface Cut {
  ms: number;
  /** Id of the order before. */
  earlier: string | undefined;
}

export async function cutVm(host: Host, { ms, earlier }: Cut, order: () => void): Promise<Shot> {
  order();
  await sleep(ms);
  await host.powerCut();
  const journal = await journalOnDisk(host.name);
  const isOfOrder = journal !== undefined && journal.order.id !== earlier;
  return { hit: true, died: isOfOrder ? { step: journal.step, write: null } : null };
}

/** On a copy: replaying the file system's own log writes to the disk. */
async function journalOnDisk(name: string): Promise<JournalGlimpse | undefined> {
  const copy = join(hostFolder(name), "root.looked-at.img");
  await runTool(["cp", "--sparse=always", "--reflink=auto", join(hostFolder(name), "root.img"), copy]);
  // It says what it replayed, and fails where there was nothing to.
  await runTool(["debugfs", "-w", "-R", "journal_run", copy]).catch(() => undefined);
  const text = await runTool(["debugfs", "-R", "cat /var/lib/chimera/journal.json", copy]);
  await runTool(["rm", "-f", copy]);
  return glimpseOf(text);
}
