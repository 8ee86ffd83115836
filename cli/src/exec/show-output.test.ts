import { expect, test } from "vitest";
import { createShower, type ShowOptions } from "./show-output.ts";

const shower = (style: ShowOptions["style"]) => createShower({ style, width: 4, paint: (_, text) => text });
const bytes = (text: string) => Buffer.from(text);

test("lines come whole, each with whose it is, also when they come in parts", () => {
  const { bytes: add, over } = shower("prefixed");
  expect(add("n1", bytes("one\ntw"))).toBe("n1   | one\n");
  expect(add("n10", bytes("other\n"))).toBe("n10  | other\n");
  expect(add("n1", bytes("o\n\nthree"))).toBe("n1   | two\nn1   | \n");
  expect(over("n1", "ended with 0")).toBe("n1   | three\n");
  expect(over("n10", "ended with 0")).toBe("");
});

test("grouped, each comes as one block with what it came to", () => {
  const { bytes: add, over } = shower("grouped");
  expect(add("n1", bytes("one\n"))).toBe("");
  expect(add("n2", bytes("two\n"))).toBe("");
  expect(over("n2", "ended with 3")).toBe("== n2: ended with 3\ntwo\n");
  expect(over("n1", "ended with 0")).toBe("== n1: ended with 0\none\n");
});

test("plain, it is what the command wrote", () => {
  const { bytes: add, over } = shower("plain");
  expect(add("n1", bytes("one\ntw"))).toBe("one\ntw");
  expect(add("n1", bytes("o\n"))).toBe("o\n");
  expect(over("n1", "")).toBe("");
});

test.each(["prefixed", "grouped", "plain"] as const)("%s, nothing in it moves a cursor", (style) => {
  const { bytes: add, over } = shower(style);
  const parts = [
    "\u001b[2Jred\u001b[3",
    "1m\u001b]52;c;ZXZpbA==\u0007x\u001b",
    "Pq#0\u001b\\\u009b2J\r\u202e!\n",
  ];
  const shown = parts.map((part) => add("n1", bytes(part))).join("") + over("n1", "");
  // eslint-disable-next-line no-control-regex
  expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/u);
  expect(shown).toContain("redx");
});

test("a character that comes in two halves is one, and a line without an end comes in parts", () => {
  const { bytes: add } = shower("prefixed");
  const half = bytes("ä\n");
  expect(add("n1", half.subarray(0, 1))).toBe("");
  expect(add("n1", half.subarray(1))).toBe("n1   | ä\n");
  expect(add("n1", bytes("x".repeat(70_000)))).toHaveLength(70_000 + "n1   | \n".length);
});

test("a gap says how large it is", () => {
  expect(shower("prefixed").gap("n1", 5)).toBe(
    "n1   | [5 bytes are missing here: nobody keeps them any more]\n",
  );
});
