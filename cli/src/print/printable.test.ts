/** What nodes and servers write must never act on the operator's terminal. */
import { describe, expect, test } from "vitest";
import { printable, printableJson, printableLine, printablePath } from "./printable.ts";

const hostile: [string, string, string][] = [
  ["colours", "a\u001b[31;1mred\u001b[0mb", "aredb"],
  ["a cleared screen", "a\u001b[2J\u001b[Hb", "ab"],
  ["a window title", "a\u001b]0;root@prod\u0007b", "ab"],
  ["a clipboard, ended by ST", "a\u001b]52;c;ZXZpbA==\u001b\\b", "ab"],
  ["an unended title", "a\u001b]0;everything after it", "a"],
  ["a device control string", "a\u001bP1$r0m\u001b\\b", "ab"],
  ["a terminal reset", "a\u001bcb", "ab"],
  ["a character set switch", "a\u001b(0b", "ab"],
  ["a bare ESC at the end", "ab\u001b", "ab"],
  ["ESC before ESC", "a\u001b\u001b[31mb", "ab"],
  ["C1 CSI", "a\u009b31mb", "ab"],
  ["C1 OSC", "a\u009d0;xb", "a0;xb"],
  ["carriage return and backspace", "real\rfake\b\b", "realfake"],
  ["DEL, NUL and bell", "a\u007f\u0000\u0007b", "ab"],
  ["turned reading direction", "a\u202egpj.exe\u2066b", "agpj.exeb"],
];

describe("printable", () => {
  test.each(hostile)("takes out %s", (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });
  test("keeps lines, tabs and every letter", () => {
    expect(printable("Zeile 1\n\tüß日本 😀")).toBe("Zeile 1\n\tüß日本 😀");
  });
  test("of any bytes leaves no control character but line ends and tabs", () => {
    const all = Array.from({ length: 0x300 }, (_, code) => String.fromCharCode(code)).join("\u001b");
    expect(printable(all).replaceAll(/[\n\t]/gu, "")).not.toMatch(/\p{Cc}/u);
  });
  test("on one line has no line end", () => {
    expect(printableLine(" a\n\tb\r\n")).toBe("a b");
  });
});

test("a path shows its strange characters instead of losing them", () => {
  expect(printablePath("/etc/a\nb\u001b[2J\\c")).toBe("/etc/a\\x0ab\\x1b[2J\\\\c");
  expect(printablePath("/etc/\u202etxt")).toBe("/etc/\\u202etxt");
});

test("JSON keeps the value and has no character that a terminal acts on", () => {
  const value = { text: hostile.map(([, text]) => text).join("") };
  const json = printableJson(value);
  expect(json).not.toMatch(/[\p{Cc}\u202a-\u202e]/u);
  expect(JSON.parse(json)).toEqual(value);
});
