// PURE. The part of docs/faults.md about rollouts: what the ledger's lines add up to. Nothing is left out.
import type { Findings } from "../../ledger/ledger-file.ts";
import { markdownTable } from "../../ledger/markdown-table.ts";
import { countText, timeText, wordsText } from "../../ledger/tally.ts";
import type { RolloutLine } from "../ledger-line.ts";
import { Moment } from "../moments.ts";
import { rolloutFaults } from "../rollout-faults.ts";

type Lines = readonly RolloutLine[];

export function printRollouts(lines: Lines, findings: Findings): string {
  const parts = [intro(lines), byMoment(lines), byFault(lines), failures(lines, findings)];
  return `${parts.join("\n\n")}\n`;
}

function intro(lines: Lines): string {
  return `## In a rollout

From the ${lines.length} lines of \`e2e/ledger/rollout.jsonl\`. One line is one trial: a fleet of real machines (hub, operator, five nodes, two of
which may lead and move in the middle wave) moves in three waves, and at a moment of it, seen in the lead's record, something is done to it. It
has passed when every node runs, names and boots the one world that the signed documents and the record give
(\`proto/src/effective.ts\`), each node says so with its own signature, \`chimera status\` and \`chimera rollout status\` show it,
nodes that are off are named, and those come along when they boot.

- *new*: the world that was rolled out. *old*: the one before. *other*: one that somebody published meanwhile. *half*: anything else.
- Where the rollout ends in a pause an operator does what one would: \`rollout resume\`, once, where nobody has failed; else \`rollback\`.
- Times are seconds from the deed until the whole fleet was at rest and said so, silent nodes named (that takes 45 s): p50 / longest.`;
}

/** Whether it came or not. */
function byMoment(lines: Lines): string {
  const rows = Moment.options.map((moment) => {
    const some = lines.filter((line) => line.moment === moment);
    const missed = some.filter(({ hit }) => !hit).length;
    return [moment, countText(some), missed, endsText(some), operatorText(some), timeText(some)];
  });
  const columns = ["moment", "trials", "did not come", "ended", "an operator", "seconds"];
  return `### Moments of a rollout\n\n${markdownTable(columns, rows)}`;
}

/** One that nobody has tried yet has its row too, and each moment its cell. */
function byFault(lines: Lines): string {
  const names = [...new Set([...rolloutFaults.keys(), ...lines.map(({ fault }) => fault)])];
  const rows = names.map((name) => {
    const some = lines.filter(({ fault }) => fault === name);
    const cells = Moment.options.map((moment) => cellOf(name, moment, some));
    return [name, ...cells, endsText(some), timeText(some)];
  });
  return `### Faults x moments\n\n${markdownTable(["fault", ...Moment.options, "ended", "seconds"], rows)}`;
}

/** Empty: it is of no moment of that fault. */
function cellOf(name: string, moment: Moment, some: Lines): string {
  const tried = some.filter((line) => line.moment === moment);
  const isOf = rolloutFaults.get(name)?.moments.includes(moment) ?? false;
  return isOf || tried.length > 0 ? countText(tried) : "";
}

function endsText(lines: Lines): string {
  return wordsText(
    ["old", "new", "other", "half"],
    lines.map(({ end }) => end),
  );
}

function operatorText(lines: Lines): string {
  return wordsText(
    ["resumed", "rolled back"],
    lines.map(({ operator }) => operator),
  );
}

function failures(lines: Lines, findings: Findings): string {
  const failed = lines.filter(({ ok }) => !ok);
  const title = "### Failed trials of rollouts";
  if (failed.length === 0) return `${title}\n\nNone.`;
  const rows = failed.map((line) => [
    `${line.seed}:${line.trial}`,
    line.commit,
    `${line.fault}; ${line.moment}`,
    line.wrong.join("; "),
    findings[`${line.seed}:${line.trial}`] ?? "**open**",
  ]);
  return `${title}\n\n${markdownTable(["seed:trial", "commit", "what", "wrong", "why, and what became of it"], rows)}`;
}
