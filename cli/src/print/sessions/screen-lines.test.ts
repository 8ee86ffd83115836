import { expect, test } from "vitest";
import { screenLines } from "./screen-lines.ts";

const esc = "\u001b";
const drawn = (...rows: string[]): Uint8Array =>
  Buffer.from(
    `${esc}[H${esc}[2J${rows.map((row, index) => `${esc}[${index + 1};1H${esc}[0m${row}${esc}[0m${esc}[K`).join("")}${esc}[0m${esc}[2;3H${esc}[?25h`,
  );
const lines = (screen: Uint8Array): string =>
  Buffer.from(screenLines(screen)).toString("utf8").replaceAll(`${esc}[0m`, "");

test("rows are lines, and empty ones at the end are none", () => {
  expect(lines(drawn("one", "", "thrée", "", ""))).toBe("one\n\nthrée\n");
});

test("colours stay", () => {
  expect(lines(drawn(`${esc}[31mred`))).toBe(`${esc}[31mred\n`);
});

test("a cursor behind a full line, which is drawn anew, adds none", () => {
  const screen = Buffer.concat([drawn("full", "next"), Buffer.from(`${esc}[1;1Hfull`)]);
  expect(lines(screen)).toBe("full\nnext\n");
});

test("what is no picture has no lines", () => {
  expect(lines(Buffer.from("plain"))).toBe("");
  expect(lines(Buffer.from(`${esc}[9999;1Hx`))).toBe("");
});
