// PURE. The table of attacks as a page: what a run tried, and what came of it.
import type { Outcome } from "./attempt.ts";

export type Row = Outcome & { attack: string; how: string };

const intro = `# What happens when somebody attacks a fleet?

Written by the test run (\`e2e/scenarios/attacks.lab.test.ts\`); a run that comes to another result fails. Each line was tried on a
real nats-server, a real controller process and a real agent on a lab machine.

- *HTTP* (\`PUT\`, \`POST\`): the attacker has an operator's token. All that is stored is compared before and after.
- *NATS*: the attacker has the controller's own NATS credential and writes past it.
- *proxy*: the attacker stands between node and controller and answers in its place.
- "Nothing has changed": the running system, the profile, the boot default and all that the node has accepted
  (\`trust.json\`) are compared before and after.
- The rows about a clock run the agent's own bundle under libfaketime. An inner node given out as a leaf is refused by the length of
  its path already; that the hashes are separate too is held by the vectors in \`proto/test/golden\`.

`;

/** Of the integration tests, each of which fails where it comes out otherwise: they need no machines. */
const auditIntro = `
## On the audit log

Tried in \`cli/test/look/audit.int.test.ts\` and \`controller/test/audit/\`, on a real nats-server and a real controller. *NATS*: as above. What the log is: [audit.md](audit.md).

`;
const auditRows: readonly (readonly string[])[] = [
  [
    "an entry edited",
    "NATS: the stream deleted and laid anew",
    "found",
    "`audit verify`: the entry after it does not follow",
  ],
  [
    "an entry taken out, laid in twice, or two exchanged",
    "NATS",
    "found",
    "`audit verify`: which is missing, or lies where another is due",
  ],
  [
    "all written anew from an edit on, with a chain that holds",
    "NATS",
    "found",
    "`audit verify`: another root than the online key, the operator's copy and nodes know",
  ],
  [
    "the end cut off",
    "NATS",
    "found; the controller signs no further, also after a restart",
    "`audit verify`: which are missing and who knew them; controller: `audit log was changed`",
  ],
  ["the end cut off, and the operator's copy removed", "NATS", "found", "`audit verify`: nodes carry more"],
  [
    "the end cut off, and the shorter log signed",
    "NATS, and the stolen online key",
    "found",
    "`audit verify`: nodes carry more, whatever they were told since",
  ],
  [
    "an act that nobody signed",
    "NATS: an entry that follows, with a head of a stranger's key",
    "found",
    "`audit verify`: no key of the fleet has signed it",
  ],
  [
    "the log filled, so that nothing is told",
    "NATS: the stream has no room",
    "the controller changes nothing; a panic goes through and is in the log later",
    "HTTP 503 `audit-failed`",
  ],
  [
    "guessing tokens, so that the log is full",
    "GET with 400 wrong tokens",
    "32 entries and a sum",
    "`refused`, `refusals`",
  ],
  [
    "secrets drawn into the log",
    "tokens, paths, queries, headers and bodies with a planted word",
    "none of them is in it",
    "-",
  ],
];

export function attackTable(rows: readonly Row[]): string {
  const lines = rows.map(({ attack, how, outcome, reported }) => line([attack, how, outcome, reported]));
  return `${intro}${tableOf(lines)}${auditIntro}${tableOf(auditRows.map(line))}`;
}

function tableOf(lines: readonly string[]): string {
  const head = [line(["attack", "how it was tried", "outcome", "reported as"]), "|---|---|---|---|"];
  return `${[...head, ...lines].join("\n")}\n`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
