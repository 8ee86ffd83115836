/** PURE. Which secrets stand in a text, whole or in part, as they are or as they travel. */

export interface Secret {
  /** What it is, to name it; never the secret itself. */
  name: string;
  value: string;
}

export interface Heard {
  from: string;
  text: string;
}

/** So much of a secret is never there by chance, and is more than a cut-off message may show. */
const leastPart = 16;

/** "secret in where", each once. */
export function findLeaks(secrets: readonly Secret[], heard: readonly Heard[]): string[] {
  const parts = secrets.flatMap(({ name, value }) => partsOf(value).map((part) => ({ name, part })));
  const found = heard.flatMap(({ from, text }) =>
    parts.filter(({ part }) => text.includes(part)).map(({ name }) => `${name} in ${from}`),
  );
  return [...new Set(found)];
}

function partsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  // Base64 of a text that the secret stands in begins at one of three places.
  const inBase64 = [0, 1, 2].map((at) =>
    Buffer.concat([Buffer.alloc(at), bytes])
      .toString("base64")
      .slice(4, -4),
  );
  const inAddresses = inBase64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"));
  const forms = [value, encodeURIComponent(value), bytes.toString("hex"), ...inBase64, ...inAddresses];
  return [...new Set(forms.flatMap(windows))];
}

function windows(text: string): string[] {
  if (text.length <= leastPart) return [text];
  return Array.from({ length: text.length - leastPart + 1 }, (_, at) => text.slice(at, at + leastPart));
}
