// SHELL. Puts another journal on a node while nobody drives it.
import { z } from "zod";
import type { Host } from "../../lab/host/host.ts";

const journalPath = "/var/lib/chimera/journal.json";

const put = `cat > ${journalPath}.planted && mv ${journalPath}.planted ${journalPath}`;

/** The sentinel is down meanwhile, so the next agent finds this text. */
export async function plantJournal(host: Host, change: (text: string) => string): Promise<void> {
  await host.runChecked(["systemctl", "stop", "chimera-sentinel"]);
  const text = await host.runChecked(["cat", journalPath]);
  await host.runChecked(["/bin/sh", "-euc", put], { input: change(text) });
  await host.runChecked(["systemctl", "start", "chimera-sentinel"]);
}

/** An activation of `toplevel` that has taken more steps than any needs. */
export async function plantLoop(host: Host, toplevel: string): Promise<void> {
  await plantJournal(host, (text) => {
    const journal = z.looseObject({ order: z.looseObject({}) }).parse(JSON.parse(text));
    const order = { ...journal.order, id: "f".repeat(64) };
    return JSON.stringify({ ...journal, order, toplevel, step: "activating", unit: null, transitions: 100 });
  });
}
