/** Lines that stay at the end of a terminal, and what is said beside them. */
import { expect, test } from "vitest";
import { testIo } from "../../test/fixture/operator.ts";
import { createLiveBlock } from "./live-block.ts";

/** What a terminal shows after all of it: lines, moves up, and erasing from there on. */
function shownBy(bytes: string): string[] {
  const words = ["[?7l", "[?7h", "[J"].reduce((text, word) => text.replaceAll(`\u001B${word}`, ""), bytes);
  const screen: string[] = [];
  for (const line of words
    .replaceAll("\u001B[", "up ")
    .replaceAll(/(up \d+)A/gu, "$1\n")
    .split("\n")
    .slice(0, -1)) {
    const up = /^up (\d+)$/u.exec(line)?.[1];
    if (up === undefined) screen.push(line);
    else screen.splice(screen.length - Number(up));
  }
  return screen;
}

test("is drawn in place, and whatever is said meanwhile stays above it", () => {
  const { io, said } = testIo("/tmp");
  const block = createLiveBlock(io);
  block.io.err("undoes head 2\n");
  block.draw(["0.1 s", "a missing"]);
  block.io.err("root@c: its host key has CHANGED\n");
  block.draw(["0.2 s", "a missing", "1 needs a person"]);
  block.draw(["0.3 s", "none missing"]);
  expect(shownBy(said.err)).toEqual([
    "undoes head 2",
    "root@c: its host key has CHANGED",
    "0.3 s",
    "none missing",
  ]);
});

test("a line that is too long for the terminal is cut, and not wrapped into two", () => {
  const { io, said } = testIo("/tmp");
  createLiveBlock(io).draw(["x".repeat(500)]);
  expect(said.err).toBe(`\u001B[?7l${"x".repeat(500)}\u001B[?7h\n`);
});
