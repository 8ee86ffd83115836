/** PURE. A table without frames: columns of plain text that also cut and awk can read. */
import Table from "cli-table3";
import { plain, type Paint } from "./paint.ts";

const noFrame = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

/** Cells must be printable already; the last column is as wide as it needs to be. */
export function table(head: readonly string[], rows: readonly string[][], paint: Paint = plain): string {
  const made = new Table({
    head: head.map((title) => paint("bold", title)),
    chars: noFrame,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  made.push(...rows);
  return `${made
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")}\n`;
}
