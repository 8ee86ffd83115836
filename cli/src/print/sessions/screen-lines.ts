/**
 * PURE. A picture of a screen as lines of text: rows that a node drew by moving the cursor to the begin of each, without what is only for a terminal that
 * shows them in their place. Empty rows at the end are none.
 */
const esc = String.fromCodePoint(0x1b);
const rowBegin = new RegExp(`${esc}\\[(?<row>[0-9]{1,4});1H(?:${esc}\\[0m)?`, "gu");
const placing = new RegExp(`${esc}\\[(?:[0-9;?]*[HJKhl])`, "gu");
const colour = new RegExp(`${esc}\\[[0-9;:]*m`, "gu");

export function screenLines(screen: Uint8Array): Uint8Array {
  const text = Buffer.from(screen).toString("latin1");
  const rows: string[] = [];
  const marks = [...text.matchAll(rowBegin)];
  for (const [index, mark] of marks.entries()) {
    const row = Number(mark.groups?.["row"] ?? 0) - 1;
    const begin = mark.index + mark[0].length;
    const line = text.slice(begin, marks[index + 1]?.index).replaceAll(placing, "");
    // The last one may only bring the cursor to its place.
    if (row >= 0 && row < 200 && rows[row] === undefined) rows[row] = line.trimEnd();
  }
  const lines = Array.from(rows, (row) => row ?? "");
  const last = lines.findLastIndex((line) => line.replaceAll(colour, "").trim() !== "");
  return Buffer.from(
    lines
      .slice(0, last + 1)
      .map((line) => `${line}\n`)
      .join(""),
    "latin1",
  );
}
