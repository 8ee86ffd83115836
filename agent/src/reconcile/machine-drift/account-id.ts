/** PURE. Numbers in the user database as the C library reads them: more spellings than one make somebody root. */

const plainId = /^(0|[1-9]\d{0,9})$/;
const readable = /^[ \t\v\f\r]*([+-]?)(\d+)$/;
const wrap = 2n ** 64n;
const most = 2n ** 32n - 1n;

export function isPlainId(text: string): boolean {
  return plainId.test(text);
}

/** As strtoul(3) and what glibc makes of it: blanks, a sign, any length; too large is the largest. Null for what it refuses. */
export function readAccountId(text: string): number | null {
  const [, sign, digits = ""] = readable.exec(text) ?? [];
  if (sign === undefined) return null;
  const plain = digits.replace(/^0+(?=\d)/, "");
  // Longer than any number of 64 bits.
  if (plain.length > 20) return Number(most);
  const size = BigInt(plain);
  if (size >= wrap) return Number(most);
  const value = sign === "-" && size > 0n ? wrap - size : size;
  return Number(value > most ? most : value);
}
