/** PURE. `chimera local why`: one line for each reason. */
import type { LocalStatus } from "@chimera/proto/local-api";
import type { Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { shortPath } from "../units.ts";
import { explain } from "./explain.ts";

export function whyText(status: LocalStatus, paint: Paint): string {
  const reasons = explain(status);
  const { system, accepted } = status;
  if (reasons.length === 0 && accepted !== null) {
    return `nothing is waited for: ${shortPath(system.current)} runs, and is what is signed\n`;
  }
  return reasons
    .map(
      ({ text, todo }, i) =>
        `${i + 1}. ${printableLine(text)} ${paint("cyan", `-> ${printableLine(todo)}`)}\n`,
    )
    .join("");
}
