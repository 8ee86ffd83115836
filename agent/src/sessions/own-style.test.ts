/** Lines as tmux 3.3a and 3.5a say them, each by itself. */
import { expect, test } from "vitest";
import { withOwnStyle } from "./own-style.ts";

const styled = (...lines: string[]) =>
  withOwnStyle(lines.map((line) => Buffer.from(line))).map((line) =>
    Buffer.from(line).toString("utf8").replaceAll("\u001b", "^"),
  );

test("a colour that goes on over lines is said in each", () => {
  expect(styled("\u001b[44mone", "two", "\u001b[49mthree", "four")).toEqual([
    "^[0m^[44mone",
    "^[0m^[44mtwo",
    "three",
    "four",
  ]);
  expect(
    styled("\u001b[1;4m\u001b[31mbold\u001b[0;4m\u001b[31m not", "more\u001b[0m\u001b[39m plain"),
  ).toEqual(["^[0;1;4m^[31mbold^[0;4m^[31m not", "^[0;4m^[31mmore^[0m plain"]);
  expect(
    styled("\u001b[38;2;1;2;3ma\u001b[48;5;9mb\u001b[58;5;3mc\u001b[4:3md\u001b[59m\u001b[39me"),
  ).toEqual([
    "^[0m^[38;2;1;2;3ma^[0m^[38;2;1;2;3m^[48;5;9mb^[0m^[38;2;1;2;3m^[48;5;9m^[58;5;3mc^[0;4:3m^[38;2;1;2;3m^[48;5;9m^[58;5;3md^[0;4:3m^[48;5;9me",
  ]);
});

test("blanks stay where they look like something, and are left out where they do not", () => {
  expect(
    styled("a   ", "\u001b[44mb  \u001b[49m   ", "\u001b[7mc  \u001b[0m  ", "\u001b[31md  ", "   "),
  ).toEqual(["a", "^[0m^[44mb  ", "^[0;7mc  ", "^[0m^[31md", ""]);
  expect(styled("a  \u001b[31m  b", "\u001b[39m   ", "c")).toEqual(["a  ^[0m^[31m  b", "", "c"]);
  expect(styled("\u001b[5:3m over \u001b[0m", "x")).toEqual(["^[0;53m over ", "x"]);
});

test("drawn lines are characters of their set, and end it", () => {
  expect(styled("\u000eqqx\u000fq", "\u000eqq", "qq", "\u000f  ")).toEqual([
    "^(0qqx^(Bq",
    "^(0qq^(B",
    "^(0qq^(B",
    "",
  ]);
});

test("what is no style stays as it is, byte by byte", () => {
  expect(styled("ünï 日本 \u001b]8;;http://x/\u001b\\link\u001b]8;;\u001b\\", "")).toEqual([
    "ünï 日本 ^]8;;http://x/^\\link^]8;;^\\",
    "",
  ]);
  expect(withOwnStyle([Uint8Array.of(0xff, 0x20, 0x80)])).toEqual([Buffer.from([0xff, 0x20, 0x80])]);
});
