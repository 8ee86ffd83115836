/** PURE. One line for a node on its way to a head. */
import type { NodeOutcome } from "./node-outcome.ts";
import { printableLine } from "../../print/printable.ts";
import { bytes } from "../../print/units.ts";

export function nodeProgress(outcome: NodeOutcome): string {
  if (outcome.kind === "committed") return "committed";
  if (outcome.kind === "failed") return `failed: ${printableLine(outcome.reason)}`;
  const { state, detail, fetch } = outcome;
  const size = fetch === null ? "" : ` ${bytes(fetch.doneBytes)} of ${bytes(fetch.totalBytes)}`;
  const why = detail === "" ? "" : ` (${printableLine(detail)})`;
  return `${state}${size}${why}`;
}
