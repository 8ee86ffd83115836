/** PURE. The difference of two files as a unified diff that is safe on a terminal; bytes that are no text are only counted. */
import type { ShownContent, ShownSide } from "@chimera/proto/drift-shown";
import { createTwoFilesPatch } from "diff";
import type { Paint } from "../paint.ts";
import { printableLine, printablePath, visibleText } from "../printable.ts";

/** Beyond that many changed lines a diff tells nobody anything, and costs more than it is worth. */
const maxEdits = 4000;
const maxMs = 2000;

export function contentText(content: ShownContent, path: string, paint: Paint): string {
  if (content.kind === "not-shown") return `not shown: ${printableLine(content.reason)}\n`;
  const [expected, found] = [textOf(content.expected), textOf(content.found)];
  if (expected === null || found === null) {
    return `not shown as text: ${sizeText("expected", content.expected)}, ${sizeText("found", content.found)}\n`;
  }
  const name = printablePath(path);
  const patch = createTwoFilesPatch(
    `expected ${name}`,
    `found ${name}`,
    expected,
    found,
    undefined,
    undefined,
    {
      context: 3,
      maxEditLength: maxEdits,
      timeout: maxMs,
    },
  );
  const cut = [cutText("expected", content.expected), cutText("found", content.found)].join("");
  if (patch === undefined)
    return `too different for a diff: ${expected.length} and ${found.length} characters\n${cut}`;
  return `${painted(patch, paint)}${cut}`;
}

function painted(patch: string, paint: Paint): string {
  const lines = patch.split("\n").slice(1);
  return lines.map((line) => paintLine(visibleText(line), paint)).join("\n");
}

function paintLine(line: string, paint: Paint): string {
  if (line.startsWith("+")) return paint("green", line);
  return line.startsWith("-") ? paint("red", line) : line;
}

/** Null for bytes that are no text. A side that is not there has no lines. */
export function textOf(side: ShownSide | null): string | null {
  if (side === null) return "";
  const bytes = Buffer.from(side.base64, "base64");
  const text = bytes.toString("utf8");
  // What was cut may end in the middle of a character.
  const isWhole = bytes.length === side.size;
  const isText = !text.includes("\0") && (!isWhole || Buffer.from(text, "utf8").equals(bytes));
  return isText ? text : null;
}

function sizeText(what: string, side: ShownSide | null): string {
  return side === null ? `nothing ${what}` : `${side.size} bytes ${what}`;
}

function cutText(what: string, side: ShownSide | null): string {
  if (side === null) return "";
  const bytes = Buffer.from(side.base64, "base64").length;
  return bytes >= side.size ? "" : `only the first ${bytes} of ${side.size} bytes ${what} are compared\n`;
}
