/** PURE. Words in the manner of a shell, with quotes and backslashes and without anything that is expanded. */

/** Undefined when a quote is not closed, or something would be expanded. */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  const token =
    /\s+|'(?<single>[^']*)'|"(?<double>(?:[^"\\$`]|\\[^])*)"|\\(?<escaped>[^])|(?<plain>[^\s'"\\$`]+)/gu;
  let word: string | undefined;
  let end = 0;
  for (const found of text.matchAll(token)) {
    if (found.index !== end) return undefined;
    end += found[0].length;
    const part = found.groups === undefined ? undefined : partOf(found.groups);
    if (part === undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + part;
  }
  if (end !== text.length) return undefined;
  return word === undefined ? words : [...words, word];
}

/** Undefined for the space between two words. */
function partOf({ single, double, escaped, plain }: Record<string, string | undefined>): string | undefined {
  return single ?? double?.replaceAll(/\\(["\\$`])/gu, "$1") ?? escaped ?? plain;
}
