/**
 * PURE. Text that came from a node, a build or a server is hostile: an escape sequence in it could rewrite what the
 * operator sees, set his clipboard or answer for him. Nothing of that kind reaches a terminal.
 */
const esc = "\\u001b";
/** CSI, OSC, the string sequences (DCS, SOS, PM, APC), then any other two- or three-byte sequence. */
const sequences = new RegExp(
  [
    `${esc}\\[[0-?]*[ -/]*[@-~]`,
    `${esc}\\][^\\u0007\\u001b]*(?:\\u0007|${esc}\\\\)?`,
    `${esc}[PX^_][^\\u001b]*(?:${esc}\\\\)?`,
    `${esc}[ -/]*[0-~]`,
    "\\u009b[0-?]*[ -/]*[@-~]",
  ].join("|"),
  "gu",
);
/** Marks that turn the reading direction: they make a path look like another one. */
const directions = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** In one pass, since a list of a whole fleet is megabytes. */
const unsafeInJson = /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const controls = /\p{Cc}/gu;

/** Keeps line ends and tabs; drops escape sequences, every other control character and direction marks. */
export function printable(text: string): string {
  return text
    .replaceAll(sequences, "")
    .replaceAll(controls, (mark) => (mark === "\n" || mark === "\t" ? mark : ""))
    .replaceAll(directions, "");
}

/** The same on one line: for table cells and progress lines. */
export function printableLine(text: string): string {
  return printable(text)
    .replaceAll(/[\n\t]+/gu, " ")
    .trim();
}

/** A path with its strange characters made visible instead of dropped: which file it is matters. */
export function printablePath(path: string): string {
  return path
    .replaceAll("\\", "\\\\")
    .replaceAll(controls, (mark) => `\\x${codeOf(mark).padStart(2, "0")}`)
    .replaceAll(directions, escapeMark);
}

/** Lines with their strange characters made visible: what a file holds matters, and moves no cursor. */
export function visibleText(text: string): string {
  return text
    .replaceAll(controls, (mark) =>
      mark === "\n" || mark === "\t" ? mark : `\\x${codeOf(mark).padStart(2, "0")}`,
    )
    .replaceAll(directions, escapeMark);
}

/** JSON that is safe on a terminal too: the same value, with DEL, C1 and direction marks as \u escapes. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replaceAll(unsafeInJson, escapeMark);
}

function escapeMark(mark: string): string {
  return `\\u${codeOf(mark).padStart(4, "0")}`;
}

function codeOf(mark: string): string {
  return (mark.codePointAt(0) ?? 0).toString(16);
}
