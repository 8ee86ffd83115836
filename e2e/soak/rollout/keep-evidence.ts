// SHELL. What a failed trial leaves for whoever looks into it. Not committed.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../../lab/prepare/cache-folder.ts";
import type { RolloutLine } from "./ledger-line.ts";
import type { SoakFleet } from "./soak-fleet.ts";

const lead = "tail -n 200 /var/lib/chimera/log/rollout-*.log";
const journal = "journalctl --no-pager --output=short-precise --lines=3000";

/** Answers the folder. */
export async function keepEvidence(
  { fleet, operator, nodes, view }: SoakFleet,
  line: RolloutLine,
): Promise<string> {
  const folder = join(cacheFolder(), "soak-evidence", `rollout-${line.seed}-${line.trial}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const keep = (name: string, text: string) => writeFile(join(folder, name), text);
  await keep("trial.json", JSON.stringify({ line, view: await view().catch(String) }, null, 1));
  await keep("status.json", (await operator.run(["status", "--json"])).stdout);
  for (const host of [...nodes, fleet.lab.host("hub")]) {
    const { stdout, stderr } = await host
      .run(["/bin/sh", "-c", `${lead}; ${journal}; cat /var/lib/chimera/journal.json`])
      .catch((error: unknown) => ({ stdout: "", stderr: String(error) }));
    await keep(`${host.name}.txt`, stdout + stderr);
  }
  return folder;
}
