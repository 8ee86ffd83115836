/** PURE. Text as a Nix expression that evaluates to exactly that text, and that a terminal shows as it is. */
import { printableJson } from "../printable.ts";

/** On one line. Nix turns a carriage return in its source into a line end, so none may stand there. */
export function nixString(text: string): string {
  const escaped = text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("${", "\\${")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t");
  return `"${escaped}"`;
}

/** Over many lines, each indented. */
export function nixText(text: string, indent: string): string {
  if (isStrange(text)) return `builtins.fromJSON ${nixString(printableJson(text))}`;
  // Of lines that are all indented Nix would take that away as well.
  if (!text.includes("\n") || !/^[^ \n]/mu.test(text)) return nixString(text);
  const lines = text.split("\n").map((line) => (line === "" ? "" : `${indent}${escapeLine(line)}`));
  // What has no line end at its end must end where the quotes are.
  const end = text.endsWith("\n") ? `${indent.slice(2)}''` : "''";
  return `''\n${lines.join("\n")}${end}`;
}

/**
 * Nix has no escapes for control characters but three; and of a line that is only blanks it keeps what is beyond the
 * indentation, of which nobody sees how much that is.
 */
function isStrange(text: string): boolean {
  return (
    /[^\P{C}\n\t]/u.test(text) || /^[ \t]+$/mu.test(text) || /\p{Zl}|\p{Zp}/u.test(text) || /^\t/mu.test(text)
  );
}

/** A quote that another one, a dollar or the end follows would be taken together with it. */
function escapeLine(line: string): string {
  return line.replaceAll(/'(?=['$]|$)/gu, "''\\'").replaceAll("${", "''${");
}
