/** PURE. Why a path is kept as it is, or why not, and what somebody does who wants it otherwise, in words. */
import type { Explanation, ShownFacts } from "@chimera/proto/drift-shown";
import { factsText } from "../drift-table.ts";
import { printableLine, printablePath } from "../printable.ts";

export function explanationText({
  path,
  explanation,
  stance,
  now,
}: Pick<ShownFacts, "path" | "explanation" | "stance" | "now">): string {
  const found = now === undefined ? "" : row("is now", factsText(now));
  return `${printablePath(path)}: ${reasonText(explanation)}${found}${stanceText(explanation, stance)}`;
}

function reasonText(explanation: Explanation): string {
  const because = optionalRow("because", explanation.because);
  switch (explanation.kind) {
    case "managed":
      return managedText(explanation, because);
    case "left-alone": {
      const { by, glob, reason, declared } = explanation;
      const whose = declared ? "declared, and left to others" : "not declared, and left to others";
      return `${whose}\n${row("by", `${by}, ${printablePath(glob)}`)}${row("because", printableLine(reason))}`;
    }
    case "undeclared":
      return because === ""
        ? "not managed: the closure declares nothing there, and nothing undeclared is touched\n"
        : `not managed: the closure does not declare it\n${because}`;
    case "outside":
      return because === ""
        ? "not managed as a file: only what the closure declares below /etc is\n"
        : `not managed\n${because}`;
    case "unknown":
      return `not known now: ${printableLine(explanation.reason)}\n`;
  }
}

function managedText(
  { entry, expected, toplevel, part = "etc" }: Extract<Explanation, { kind: "managed" }>,
  because: string,
): string {
  const of = part === "etc" ? "" : `, as one of ${printableLine(part)}`;
  const said = row("declared by", printablePath(entry)) + row("of system", printablePath(toplevel));
  return `managed${of}\n${said}${because}${row("should be", factsText(expected))}`;
}

/** Of what nobody compares, no rule says anything. */
function stanceText({ kind }: Explanation, { mode, why, setBy, change }: ShownFacts["stance"]): string {
  if (kind !== "managed") return "";
  const reason = why === "" ? "" : `: ${printableLine(why)}`;
  const done = { revert: "put back", report: "only reported", ignore: "ignored" }[mode];
  return `  a difference is ${done}${reason}\n${optionalRow("set by", setBy)}${optionalRow("to change", change)}`;
}

function optionalRow(name: string, text: string | undefined): string {
  return text === undefined ? "" : row(name, printableLine(text));
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(11)}  ${text}\n`;
}
