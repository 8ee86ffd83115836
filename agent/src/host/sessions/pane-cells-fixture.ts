/** For tests: what `capture-pane -e -N` shows, as cells; it says the same otherwise where another way led to it. */

/** Each line as its cells, each with its style, without those at its end that are empty. */
export function cellsOf(captured: string): string {
  let style: ReadonlyMap<string, string> = new Map();
  const rows = captured.split("\n").map((line) =>
    [...line.matchAll(token)].map(({ 0: letter, groups }) => {
      const changed = styleAfter(style, letter, groups?.["words"]);
      style = changed ?? style;
      const words = [...style].map(([name, value]) => `${name}=${value}`);
      return changed === null ? `${letter}[${words.toSorted((a, b) => a.localeCompare(b)).join()}]` : "";
    }),
  );
  return rows.map((row) => row.join("").replace(/(?: \[\])+$/u, "")).join("\n");
}

const escape = "\u001b";
const token = new RegExp(`${escape}\\[(?<words>[\\d;:]*)m|[^]`, "gu");

/** Null for what is a cell. */
function styleAfter(
  style: ReadonlyMap<string, string>,
  letter: string,
  words: string | undefined,
): ReadonlyMap<string, string> | null {
  if (letter === "\u000e") return new Map([...style, ["set", "drawn"]]);
  if (letter === "\u000f") return without(style, "set");
  if (words === undefined) return null;
  const list = /^[34]8;/u.test(words) ? [words] : words.split(";");
  return list.reduce((before, word) => withWord(before, word), style);
}

function withWord(style: ReadonlyMap<string, string>, word: string): ReadonlyMap<string, string> {
  const code = Number.parseInt(word, 10) || 0;
  if (code === 0) return new Map([...style].filter(([name]) => name === "set"));
  if (code === 39) return without(style, "front");
  if (code === 49) return without(style, "back");
  return new Map([...style, [nameOf(code), word]]);
}

function nameOf(code: number): string {
  if (code >= 30 && code < 40) return "front";
  return code >= 40 && code < 50 ? "back" : `is ${code}`;
}

function without(style: ReadonlyMap<string, string>, name: string): ReadonlyMap<string, string> {
  return new Map([...style].filter(([other]) => other !== name));
}
