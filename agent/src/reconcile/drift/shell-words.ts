/** PURE. The words of one simple line of a shell script, as far as the scripts of NixOS use them. */

const word = /(?:"[^"]*"|'[^']*'|[^\s"'])+/g;

/** Lines that go on after a backslash are one. */
export function scriptLines(text: string): string[] {
  return text
    .replaceAll(/\\\n\s*/g, " ")
    .split("\n")
    .map((line) => line.trim());
}

/** Quotes taken off. What is more than words (substitutions, operators) stays in them as it is written. */
export function shellWords(line: string): string[] {
  return (line.match(word) ?? []).map((one) => one.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}
