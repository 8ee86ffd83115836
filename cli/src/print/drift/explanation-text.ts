/** PURE. Why a path is kept as it is, or why not, in words. */
import type { Explanation, ShownFacts } from "@chimera/proto/drift-shown";
import { factsText } from "../drift-table.ts";
import { printableLine, printablePath } from "../printable.ts";

export function explanationText({
  path,
  explanation,
  stance,
}: Pick<ShownFacts, "path" | "explanation" | "stance">): string {
  return `${printablePath(path)}: ${reasonText(explanation)}${stanceText(explanation, stance)}`;
}

function reasonText(explanation: Explanation): string {
  switch (explanation.kind) {
    case "managed": {
      const { entry, expected, toplevel } = explanation;
      return `managed\n  declared by  ${printablePath(entry)}\n  of system    ${printablePath(toplevel)}\n  should be    ${factsText(expected)}\n`;
    }
    case "left-alone": {
      const { by, glob, reason, declared } = explanation;
      const whose = declared ? "declared, and left to others" : "not declared, and left to others";
      return `${whose}\n  by           ${by}, ${printablePath(glob)}\n  because      ${printableLine(reason)}\n`;
    }
    case "undeclared":
      return "not managed: the closure declares nothing there, and nothing undeclared is touched\n";
    case "outside":
      return "not managed as a file: only what the closure declares below /etc is\n";
    case "unknown":
      return `not known now: ${printableLine(explanation.reason)}\n`;
  }
}

/** Of what nobody compares, no rule says anything. */
function stanceText({ kind }: Explanation, { mode, why }: ShownFacts["stance"]): string {
  if (kind !== "managed") return "";
  const reason = why === "" ? "" : `: ${printableLine(why)}`;
  return `  a difference is ${{ revert: "put back", report: "only reported", ignore: "ignored" }[mode]}${reason}\n`;
}
