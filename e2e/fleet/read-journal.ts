// SHELL. A node's journal as it lies on its disk, for scenarios that wait for a step.
import { ChimeraError } from "@chimera/proto/errors";
import { z } from "zod";
import type { Host } from "../lab/host/host.ts";
import { waitUntil } from "../lab/wait-until.ts";

const Journal = z.object({
  step: z.string(),
  toplevel: z.string(),
  deadMan: z.object({ unit: z.string() }).nullable(),
  problem: z.object({ message: z.string() }).nullable(),
});
export type Journal = z.infer<typeof Journal>;

/** Null where there is none, or none that can be read, and while the machine restarts. */
export async function readJournal(host: Host): Promise<Journal | null> {
  try {
    const { code, stdout } = await host.run(["cat", "/var/lib/chimera/journal.json"]);
    return code === 0 ? (Journal.safeParse(JSON.parse(stdout)).data ?? null) : null;
  } catch (error) {
    const isOff = error instanceof ChimeraError && error.code === "server-unreachable";
    if (isOff || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Waits until the journal of an order for the labelled system is at one of these steps. */
export function waitStep(
  host: Host,
  label: string,
  { steps, timeoutMs = 120_000 }: { steps: readonly string[]; timeoutMs?: number },
): Promise<Journal> {
  return waitUntil(
    `${host.name} at ${steps.join(" or ")} with ${label}`,
    async () => {
      const journal = await readJournal(host);
      return (
        journal !== null && journal.toplevel.endsWith(`-${label}`) && steps.includes(journal.step) && journal
      );
    },
    { timeoutMs, everyMs: 100 },
  );
}
