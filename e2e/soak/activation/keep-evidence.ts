// SHELL. What a failed trial leaves for whoever looks into it: the node's state folder, systemd's journal, the facts. Not committed.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../../lab/prepare/cache-folder.ts";
import type { Host } from "../../lab/host/host.ts";
import { runTool } from "../../lab/tools/run-tool.ts";
import type { LedgerLine } from "./ledger-line.ts";
import type { NodeFacts } from "./node-facts.ts";
import { stateFolder } from "./watch-journal.ts";

export async function keepEvidence(host: Host, line: LedgerLine, facts: NodeFacts | null): Promise<string> {
  const folder = join(cacheFolder(), "soak-evidence", `${line.seed}-${line.trial}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, "trial.json"), JSON.stringify({ line, facts }, null, 1));
  const copy = ["cp", "-a", "--no-target-directory", stateFolder(host.name), join(folder, "state")];
  await runTool(copy).catch(() => undefined);
  const said = async (name: string, argv: readonly string[]) => {
    const { stdout, stderr } = await host.run(argv).catch(noAnswer);
    await writeFile(join(folder, name), stdout + stderr);
  };
  await said("journal.txt", ["journalctl", "--no-pager", "--output=short-precise", "--lines=5000"]);
  await said("units.txt", ["systemctl", "list-units", "--all", "--no-pager", "chimera*"]);
  await said("processes.txt", ["ps", "-eo", "pid,ppid,lstart,args"]);
  return folder;
}

function noAnswer(error: unknown) {
  return { stdout: "", stderr: String(error) };
}
