/** PURE. What a command came to, in words. */
import type { ExecAction } from "@chimera/proto/sessions/session-order";
import type { Paint } from "../print/paint.ts";
import { printableLine } from "../print/printable.ts";
import { someNames } from "../print/some-names.ts";
import type { Outcome, OutcomeRow } from "./outcome.ts";

export function outcomeText(outcome: Outcome): string {
  switch (outcome.kind) {
    case "exited":
      return outcome.code === 0 ? "ended with 0" : `ended with ${outcome.code}`;
    case "signalled":
      return `ended by ${printableLine(outcome.signal)}${noteText(outcome.note)}`;
    case "lost":
      return `lost${noteText(outcome.note)}`;
    case "running":
      return "still runs";
    case "refused":
      return `refused: ${printableLine(`${outcome.code}: ${outcome.reason}`)}`;
    case "not-started":
      return `not started: ${printableLine(`${outcome.code}: ${outcome.reason}`)}`;
    case "silent":
      return "nobody heard of it";
  }
}

function noteText(note: string | null): string {
  return note === null ? "" : ` (${printableLine(note)})`;
}

function isWell(text: string): boolean {
  return text === "ended with 0";
}

/** Those that came to the same in one line, whatever went well last. */
export function summaryText(
  rows: readonly OutcomeRow[],
  action: Pick<ExecAction, "copies">,
  paint: Paint,
): string {
  const byText = new Map<string, string[]>();
  for (const { node, outcome } of rows) {
    const text = outcomeText(outcome);
    byText.set(text, [...(byText.get(text) ?? []), node]);
  }
  return [...byText]
    .toSorted(([a], [b]) => Number(isWell(a)) - Number(isWell(b)))
    .map(([text, nodes]) => {
      const names = someNames([...new Set(nodes)]);
      const count = action.copies === 1 ? "" : `${nodes.length} on `;
      return `${paint(isWell(text) ? "green" : "red", text)}: ${count}${names}\n`;
    })
    .join("");
}
