import { expect, test } from "vitest";
import { Digest } from "../names.ts";
import { Argv, execSessions, maxArgvBytes, maxCopies } from "./session-order.ts";

const order = Digest.parse("0123456789abcdef".repeat(4));

test("sessions of an order are named by it: one by its id, several by a number too", () => {
  expect(execSessions(order, { copies: 1 })).toEqual(["exec-0123456789ab"]);
  expect(execSessions(order, { copies: 3 })).toEqual([
    "exec-0123456789ab-1",
    "exec-0123456789ab-2",
    "exec-0123456789ab-3",
  ]);
  expect(new Set(execSessions(order, { copies: maxCopies })).size).toBe(maxCopies);
});

test("a command is words: nothing in them means anything", () => {
  const words = ["sh", "-c", "echo $HOME; rm -rf '/'", "", "--", "ä\n\u001b[2J"];
  expect(Argv.parse(words)).toEqual(words);
});

test("bytes are counted as the kernel counts them", () => {
  expect(Argv.safeParse(["x".repeat(maxArgvBytes - 1)]).success).toBe(true);
  expect(Argv.safeParse(["x".repeat(maxArgvBytes)]).success).toBe(false);
  expect(Argv.safeParse(["ä".repeat(maxArgvBytes / 2)]).success).toBe(false);
});
