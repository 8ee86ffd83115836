/**
 * PURE. Lines of a pane, each with all of its style: `capture-pane -e` says it only where it changes, also from one line to the next, and any line may be
 * the first that somebody sees. Blanks at a line's end are left out where they look like nothing.
 */

/** As tmux says them; empty: the usual. */
interface Style {
  /** Bold, underlined, …: tmux takes back all of them at once. */
  attributes: readonly string[];
  foreground: string;
  background: string;
  underline: string;
  /** Of the set of line drawing characters: tmux says it by shift out and shift in. */
  isDrawn: boolean;
}

const usual: Style = { attributes: [], foreground: "", background: "", underline: "", isDrawn: false };
const [shiftOut, shiftIn] = ["\u000e", "\u000f"];
const controls = `\u001b${shiftOut}${shiftIn}`;
const tokens = new RegExp(`\u001b\\[(?<words>[\\d;:]*)m|[${controls}]|[^${controls}]+`, "gu");

/** In the sequence in which one answer of tmux has them. */
export function withOwnStyle(lines: readonly Uint8Array[]): Uint8Array[] {
  let style = usual;
  return lines.map((line) => {
    const styled = styleLine(Buffer.from(line).toString("latin1"), style);
    style = styled.after;
    return Buffer.from(styled.text, "latin1");
  });
}

/** One character for each byte. */
function styleLine(line: string, before: Style): { text: string; after: Style } {
  let [style, said, text, blanks] = [before, usual, "", ""];
  for (const { 0: token, groups } of line.matchAll(tokens)) {
    const next = styleAfter(style, token, groups?.["words"]);
    if (next !== null) {
      style = next;
      continue;
    }
    const isSeen = isSeenWhereBlank(style);
    const end = isSeen ? token.length : token.trimEnd().length;
    const change = changeOf(said, style);
    said = style;
    if (end > 0) [text, blanks] = [`${text}${blanks}${change}${token.slice(0, end)}`, token.slice(end)];
    else blanks += `${change}${token}`;
  }
  // What is said among the blanks that are left out is not said.
  const isDrawn = text.lastIndexOf(charset(true)) > text.lastIndexOf(charset(false));
  return { text: isDrawn ? `${text}${charset(false)}` : text, after: style };
}

type Colour = "foreground" | "background" | "underline";

/** By the first and last of their numbers; the usual one is among them. */
const colourCodes: readonly { first: number; last: number; colour: Colour }[] = [
  { first: 30, last: 39, colour: "foreground" },
  { first: 40, last: 49, colour: "background" },
  { first: 58, last: 59, colour: "underline" },
  { first: 90, last: 97, colour: "foreground" },
  { first: 100, last: 107, colour: "background" },
];
const usualCodes: ReadonlySet<number> = new Set([39, 49, 59]);

/** Null for what is shown. */
function styleAfter(style: Style, token: string, words: string | undefined): Style | null {
  if (token === shiftOut || token === shiftIn) return { ...style, isDrawn: token === shiftOut };
  if (words === undefined) return null;
  const [begin = "", ...rest] = words.split(";");
  if (Number(begin) === 0) return { ...usual, isDrawn: style.isDrawn, attributes: rest.map(known) };
  const code = Number(begin.split(":")[0]);
  const found = colourCodes.find(({ first, last }) => code >= first && code <= last);
  if (found === undefined)
    return { ...style, attributes: [...style.attributes, ...[begin, ...rest].map(known)] };
  return { ...style, [found.colour]: usualCodes.has(code) ? "" : `\u001b[${words}m` };
}

/** tmux says 53 as it says 4:3. */
function known(attribute: string): string {
  return attribute === "5:3" ? "53" : attribute;
}

/** Underlined, reversed, struck through, overlined, or on a colour. */
function isSeenWhereBlank({ attributes, background }: Style): boolean {
  return background !== "" || attributes.some((attribute) => /^(?:4|21|7|9|53)(?::|$)/u.test(attribute));
}

function changeOf(said: Style, style: Style): string {
  const [before, now] = [colours(said), colours(style)];
  return `${before === now ? "" : now}${said.isDrawn === style.isDrawn ? "" : charset(style.isDrawn)}`;
}

function colours({ attributes, foreground, background, underline }: Style): string {
  return `\u001b[${["0", ...attributes].join(";")}m${foreground}${background}${underline}`;
}

function charset(isDrawn: boolean): string {
  return isDrawn ? "\u001b(0" : "\u001b(B";
}
