/**
 * PURE. Secrets are known by their form wherever somebody put them: into an address, a path, the wrong file. What is told of an error and
 * what is logged goes through here; nothing is to rely on it.
 */

const hidden = "[secret]";

const forms: readonly [RegExp, string][] = [
  // A bearer token: 43 digits of base64url behind its name. Names of metrics and streams are shorter.
  [/chimera_[A-Za-z0-9_-]{43,}/g, hidden],
  // An nkey's seed.
  [/(?<![A-Z2-7])S[ACNOUX][A-Z2-7]{56}(?![A-Z2-7])/g, hidden],
  // A secret key in Nix's form; a public one is half as long.
  [/:[A-Za-z0-9+/]{86}==/g, `:${hidden}`],
  // A name and password in an address.
  [/(?<=\b[a-z][a-z0-9+.-]{1,15}:\/\/)[^\s/?#"'\\@]+@/gi, `${hidden}@`],
  [/\b(Bearer|Basic) [A-Za-z0-9+/_.~=-]{8,}/gi, `$1 ${hidden}`],
  // V8 quotes the text that it could not parse.
  [/(Unexpected [^,\n]{1,40}), (?:\.\.\.)?".*?"(?:\.\.\.)? is not valid JSON/gs, "$1 in what is no JSON"],
];

export function redact(text: string): string {
  return forms.reduce((rest, [form, instead]) => rest.replace(form, instead), text);
}
