// PURE. docs/faults.md: what the ledger's lines add up to. Nothing is left out, and nothing is said that no line says.
import { faultNames } from "../fault-table.ts";
import { JournalStep } from "../journal-steps.ts";
import type { LedgerLine } from "../ledger-line.ts";
import { Scope, type Mode } from "../trial-plan.ts";
import type { Findings } from "../../ledger/ledger-file.ts";
import { markdownTable } from "../../ledger/markdown-table.ts";
import { countText, timeText } from "../../ledger/tally.ts";
import { endsText, halfCount, personText } from "./tally.ts";

type Lines = readonly LedgerLine[];

export function printFaults(lines: Lines, findings: Findings): string {
  const parts = [
    intro(lines),
    totals(lines),
    steps(lines),
    scenarioRows(lines),
    faultRows(lines),
    failures(lines, findings),
  ];
  return parts.join("\n\n");
}

function intro(lines: Lines): string {
  return `## In an activation

Written by \`npm run soak -- table\` from the ${lines.length} lines of \`e2e/ledger/activation.jsonl\`; a test fails when the two differ.
One line is one trial: a real agent, real systemd and a real \`switch-to-configuration\` on a lab machine. When it is over
the machine itself is asked, not its report: what runs, the profile and the boot default name one of the two systems, the
journal's word fits, no unit has failed that had not before, no timer and no transient unit of Chimera's is left, and one
agent drives the node. Anything else is a half state and counts as failed.

- *agent*: SIGKILL to the agent. *sentinel*: every process of its cgroup at once (tmux, supervisor, agent) while the
  activation's own unit runs on. *machine*: a power cut. All come from outside; the journal is read afterwards, to see what
  it held at death.
- A container's power cut keeps what is in this machine's page cache; a VM's loses it.
- *new* and *old* are the two systems. *halted* is neither committed nor undone, but known and said, and the next boot ends
  in the old system: it needs a person. *unknown*: the trial ended in an error of its own, mostly before the order.
- Times are seconds from the death, or from the order where nobody was killed, until the node was at rest: p50 / longest.
- \`npm run soak -- activation --replay SEED:TRIAL\` does one trial again.`;
}

function totals(lines: Lines): string {
  const random = (mode: Mode) => lines.filter((line) => line.mode === mode && line.hit);
  const rows: [string, string, Lines][] = [
    ["random kills of processes", "1,000", random("kills")],
    ["random power cuts, containers", "200", random("cuts")],
    ["power cuts, VMs", "30", random("vm")],
    ["kills at a write of the journal", "every step x scope, 3 each", random("steps")],
    ["faults", "every one", lines.filter(({ mode }) => mode === "faults")],
    ["all trials, those too whose moment did not come", "", lines],
  ];
  return markdownTable(
    ["trials", "wanted", "done", "ended", "half states", "seconds"],
    rows.map(([name, wanted, some]) => [
      name,
      wanted,
      countText(some),
      endsText(some),
      halfCount(some),
      timeText(some),
    ]),
  );
}

/** By what was hit, not by what was aimed at; random kills count where they fell. */
function steps(lines: Lines): string {
  const columns = [
    ...Scope.options.map((scope) => ({ scope, machine: "container" as const })),
    { scope: "machine" as const, machine: "vm" as const },
  ];
  const died = (step: JournalStep) => lines.filter((line) => line.hit && line.step === step);
  const rows = JournalStep.options.map((step) => {
    const cells = columns.map(({ scope, machine }) =>
      countText(died(step).filter((line) => line.scope === scope && line.machine === machine)),
    );
    return [step, ...cells, endsText(died(step))];
  });
  const before = lines.filter((line) => line.hit && line.step === null);
  const first = columns.map(({ scope, machine }) =>
    countText(before.filter((line) => line.scope === scope && line.machine === machine)),
  );
  return `### Step of the journal at death x what died

${markdownTable(
  ["step", "agent", "sentinel", "machine (container)", "machine (VM)", "ended"],
  [...rows, ["before the order's first write", ...first, endsText(before)]],
)}`;
}

function scenarioRows(lines: Lines): string {
  const names = [...new Set(lines.flatMap(({ scenario }) => scenario ?? []))].toSorted();
  const rows = names.map((name) => {
    const some = lines.filter((line) => line.scenario === name);
    return [name, countText(some), endsText(some), timeText(some), personText(some)];
  });
  return `### Orders that were killed

${markdownTable(["order", "trials", "ended", "seconds", "needs a person"], rows)}`;
}

/** One that nobody has tried yet has its row too. */
function faultRows(lines: Lines): string {
  const tried = lines.flatMap(({ fault }) => fault ?? []);
  const names = [...new Set([...faultNames, ...tried])];
  const rows = names.map((name) => {
    const some = lines.filter(({ fault }) => fault === name);
    return [name, countText(some), endsText(some), timeText(some), personText(some)];
  });
  return `### Faults

${markdownTable(["fault", "trials", "ended", "seconds", "needs a person"], rows)}`;
}

function failures(lines: Lines, findings: Findings): string {
  const failed = lines.filter(({ ok }) => !ok);
  if (failed.length === 0) return "### Failed trials\n\nNone.";
  const rows = failed.map((line) => [
    `${line.seed}:${line.trial}`,
    line.commit,
    line.fault ?? `${line.scope} killed, ${line.scenario}, ${line.aim}`,
    line.wrong.join("; "),
    findings[`${line.seed}:${line.trial}`] ?? "**open**",
  ]);
  return `### Failed trials

${markdownTable(["seed:trial", "commit", "what", "wrong", "why, and what became of it"], rows)}`;
}
