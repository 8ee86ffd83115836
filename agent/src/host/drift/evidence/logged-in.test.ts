import { expect, test } from "vitest";
import { parseSessions } from "./logged-in.ts";

test("people and their terminals, each once, whatever columns this systemd has", () => {
  const text = [
    "      1    0 root      seat0 tty1 active no -",
    "     c2 1000 anna            pts/0",
    "      7 1000 anna      -     pts/0  active no   -",
    "      9 1001 bob       -     -",
    "",
    "no sessions",
  ].join("\n");
  expect(parseSessions(text)).toEqual(["root on tty1", "anna on pts/0", "bob"]);
});
