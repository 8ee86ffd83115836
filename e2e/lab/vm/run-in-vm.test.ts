import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { readEnd, remoteCommand } from "./run-in-vm.ts";

test("every word of a program arrives as it is, and the end says the exit code", () => {
  const argv = ["sh", "-c", 'printf "%s|" "$1" "$V" >&2; exit 7', "sh", 'it\'s "$HOME"\n*'];
  const command = remoteCommand(argv, { env: { V: "a b'c" }, timeoutMs: 5000 });
  const stderr = execFileSync("sh", ["-c", `{ ${command}; } 2>&1`], { encoding: "utf8" });
  expect(readEnd(stderr)).toEqual({ code: 7, stderr: "it's \"$HOME\"\n*|a b'c|" });
});

test("without a mark nobody knows how it ended", () => {
  expect(readEnd("Connection reset")).toEqual({ code: undefined, stderr: "Connection reset" });
});

test("what is printed after the end, by a program left behind, is kept", () => {
  expect(readEnd("a\nlab-program-ended 0\nlater")).toEqual({ code: 0, stderr: "alater" });
});
