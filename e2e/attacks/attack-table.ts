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

export function attackTable(rows: readonly Row[]): string {
  const lines = rows.map(({ attack, how, outcome, reported }) => line([attack, how, outcome, reported]));
  const head = [line(["attack", "how it was tried", "outcome", "reported as"]), "|---|---|---|---|"];
  return `${intro}${[...head, ...lines].join("\n")}\n`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
