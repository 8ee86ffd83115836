// SHELL. `npm run soak -- <name>`: many trials of what `npm test` tries once. Every trial is one raw line appended to
// e2e/ledger/<name>.jsonl as soon as it is over; nothing is averaged or left out.
import { ChimeraError } from "@chimera/proto/errors";
import { parseCommandLine, runMain } from "../lab/command-line.ts";
import { activation } from "./activation/activation.ts";
import { activationFlags, activationUsage } from "./activation/options.ts";
import { fleetSoak, fleetSoakUsage } from "./fleet-soak.ts";

const usage = [fleetSoakUsage, activationUsage].join("\n       ");

await runMain("soak", async () => {
  const { values, positionals } = parseCommandLine(usage, {
    allowPositionals: true,
    options: activationFlags,
  });
  const [name = "", ...rest] = positionals;
  if (rest.length > 0) throw new ChimeraError("usage", usage);
  const isOk = name === "activation" ? await activation(values) : await fleetSoak(name, values);
  if (!isOk) process.exitCode = 1;
});
