// SHELL. `npm run bench -- <name> [--json]`: progress on stderr, the report on stdout. Exit 1 when a bound is missed.
import { ChimeraError } from "@chimera/proto/errors";
import { parseCommandLine, runMain } from "../lab/command-line.ts";
import { reporter, type Report } from "../lab/report.ts";
import { activation } from "./activation.ts";
import { documents } from "./documents.ts";
import { drift } from "./drift.ts";
import { BenchReport, type Figure } from "./figures.ts";
import { footprint } from "./footprint.ts";
import { describeMachine } from "./machine.ts";
import { modules } from "./modules.ts";
import { panicFleet } from "./panic-fleet.ts";
import { panicLab } from "./panic-lab.ts";
import { printReport } from "./print-report.ts";
import { storm } from "./storm.ts";
import { reconnectFleet } from "./reconnect-fleet.ts";
import { run } from "./run.ts";
import { scrub } from "./scrub.ts";
import { sessions } from "./sessions.ts";

const benches: Record<string, (report: Report) => Promise<Figure[]>> = {
  activation,
  documents,
  drift,
  footprint,
  modules,
  "panic-fleet": panicFleet,
  "panic-lab": panicLab,
  "reconnect-fleet": reconnectFleet,
  run,
  scrub,
  sessions,
  storm,
};

const usage = `npm run bench -- <${Object.keys(benches).join("|")}> [--json]`;

await runMain("bench", async () => {
  const { values, positionals } = parseCommandLine(usage, {
    allowPositionals: true,
    options: { json: { type: "boolean", default: false } },
  });
  const [name = "", ...rest] = positionals;
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (bench === undefined || rest.length > 0) throw new ChimeraError("usage", usage);
  const figures = await bench(reporter());
  const at = new Date().toISOString();
  const report = BenchReport.parse({ bench: name, at, machine: describeMachine(), figures });
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : `${printReport(report)}\n`);
  if (figures.some(({ ok }) => !ok)) process.exitCode = 1;
});
