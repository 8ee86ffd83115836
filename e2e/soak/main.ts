// SHELL. `npm run soak -- <name>`: many trials of what `npm test` tries once. Every trial is one raw line appended to
// e2e/ledger/<name>.jsonl as soon as it is over; nothing is averaged or left out.
import { ChimeraError } from "@chimera/proto/errors";
import { parseCommandLine, runMain } from "../lab/command-line.ts";
import { activation } from "./activation/activation.ts";
import { activationFlags, activationUsage } from "./activation/options.ts";

import { rolloutUsage } from "./rollout/options.ts";
import { rollout } from "./rollout/rollout.ts";
import { writeFaults } from "./table/write-faults.ts";
import { fleetSoak, fleetSoakUsage } from "./fleet-soak.ts";

const usage = [fleetSoakUsage, activationUsage, rolloutUsage, "npm run soak -- table"].join("\n       ");

await runMain("soak", async () => {
  const { values, positionals } = parseCommandLine(usage, {
    allowPositionals: true,
    options: { ...activationFlags, missing: { type: "boolean" } },
  });
  const [name = "", ...rest] = positionals;
  if (rest.length > 0) throw new ChimeraError("usage", usage);
  if (!(await soak(name, values))) process.exitCode = 1;
});

/** False: something did not end as it may. */
async function soak(name: string, values: object): Promise<boolean> {
  if (name === "activation") return activation(values);
  if (name === "rollout") return rollout(values);
  if (name !== "table") return fleetSoak(name, values);
  await writeFaults();
  return true;
}
