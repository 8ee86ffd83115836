/** PURE. Rows of an emulated terminal as text for another one: characters and their look, and nothing else that could be in them. */
import type { IBufferCell, IBufferLine } from "@xterm/headless";

export interface Crop {
  /** First column. */
  left: number;
  columns: number;
}

const esc = "\u001b";

/** At most as wide as the crop; a wide character of which only half would fit is a space. Ends with the plain look. */
export function rowText(line: IBufferLine | undefined, { left, columns }: Crop): string {
  if (line === undefined) return "";
  let [text, look] = ["", ""];
  const end = Math.min(line.length, left + columns);
  for (let x = left; x < end; x += 1) {
    const cell = line.getCell(x);
    if (cell === undefined) break;
    const wanted = lookOf(cell);
    if (wanted !== look) text += `${esc}[0${wanted}m`;
    look = wanted;
    text += charactersOf(cell, { isFirst: x === left, isLast: x === end - 1 });
  }
  return look === "" ? text : `${text}${esc}[0m`;
}

function charactersOf(cell: IBufferCell, { isFirst, isLast }: { isFirst: boolean; isLast: boolean }): string {
  const width = cell.getWidth();
  // The second half of a wide one.
  if (width === 0) return isFirst ? " " : "";
  if (width === 2 && isLast) return " ";
  const characters = cell.getChars().replaceAll(/\p{Cc}/gu, "");
  return characters === "" ? " " : characters;
}

const looks = [
  ["isBold", ";1"],
  ["isDim", ";2"],
  ["isItalic", ";3"],
  ["isUnderline", ";4"],
  ["isInverse", ";7"],
  ["isInvisible", ";8"],
  ["isStrikethrough", ";9"],
] as const;

function lookOf(cell: IBufferCell): string {
  if (cell.isAttributeDefault()) return "";
  const attributes = looks.map(([name, code]) => (cell[name]() === 0 ? "" : code)).join("");
  const front = colour(cell.getFgColor(), { isRgb: cell.isFgRGB(), isPalette: cell.isFgPalette(), base: 38 });
  const back = colour(cell.getBgColor(), { isRgb: cell.isBgRGB(), isPalette: cell.isBgPalette(), base: 48 });
  return `${attributes}${front}${back}`;
}

function colour(
  value: number,
  { isRgb, isPalette, base }: { isRgb: boolean; isPalette: boolean; base: 38 | 48 },
): string {
  if (isRgb) return `;${base};2;${(value >> 16) & 255};${(value >> 8) & 255};${value & 255}`;
  return isPalette ? `;${base};5;${value & 255}` : "";
}
