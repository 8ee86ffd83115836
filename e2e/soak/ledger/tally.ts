// PURE. How often and how long: what the tables of every ledger say of some of its lines.
import { spread } from "../../bench/figures.ts";

type Lines = readonly { ok: boolean; ms: number }[];

/** "12", or "12, 1 failed"; a cell without trials is a dash, so that it is seen. */
export function countText(lines: Lines): string {
  const failed = lines.filter(({ ok }) => !ok).length;
  if (lines.length === 0) return "-";
  return failed === 0 ? `${lines.length}` : `${lines.length}, **${failed} failed**`;
}

/** p50 and the longest, in seconds. */
export function timeText(lines: Lines): string {
  if (lines.length === 0) return "-";
  const { p50, max } = spread(lines.map(({ ms }) => ms));
  return `${seconds(p50)} / ${seconds(max)}`;
}

/** "old 3, new 9", in the order of the words; without those that never came. */
export function wordsText(words: readonly string[], said: readonly string[]): string {
  const counted = words.map((word) => [word, said.filter((one) => one === word).length] as const);
  return counted.flatMap(([word, count]) => (count === 0 ? [] : [`${word} ${count}`])).join(", ");
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
