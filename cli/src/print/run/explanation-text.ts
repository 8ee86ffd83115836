/** PURE. What `chimera run --explain` says to a person. */
import type { Paint } from "../paint.ts";
import { printableJson, printableLine } from "../printable.ts";

export interface Explanation {
  environment: { kind: string; text: string; store: string | null };
  because: string;
  passedOver: readonly string[];
  /** The words of the call that makes it; null where there is none, or it depends on what nixpkgs answers. */
  madeBy: readonly string[] | null;
  command: readonly string[];
  cwd: string;
}

const width = 13;

export function explanationText(explanation: Explanation, paint: Paint): string {
  const { environment, because, passedOver, madeBy, command, cwd } = explanation;
  const lines = [
    ["environment", printableLine(environment.text)],
    ["because", printableLine(because)],
    ...passedOver.map((note) => ["passed over", printableLine(note)] as const),
    ...(madeBy === null ? [] : [["made by", printableJson(madeBy)] as const]),
    ...(needsMaking(environment.kind) ? [["made", environment.store ?? "not yet"] as const] : []),
    ["runs", printableJson(command)],
    ["in", printableLine(cwd)],
  ] as const;
  return lines.map(([what, text]) => `${paint("bold", (what ?? "").padEnd(width))}${text}\n`).join("");
}

function needsMaking(kind: string): boolean {
  return ["flake", "shell-nix", "python", "program"].includes(kind);
}
