import { expect, test } from "vitest";
import { pickMirror } from "./debian-mirror.ts";

const lines = [
  "https://third.party.example/debian/|Third|bookworm|main",
  "http://mirror.example/debian-security/|Debian|bookworm-security|main",
  "mirror+file:/etc/apt/list|Debian|bookworm|main",
  "http://mirror.example/debian/|Debian|bookworm|contrib",
  "http://mirror.example/debian/|Debian|bookworm|main",
].join("\n");

test("the mirror is the one that serves Debian's own main for the machine's release", () => {
  expect(pickMirror(lines, "bookworm")).toBe("http://mirror.example/debian");
});

test("no mirror is made up from other origins, releases or components", () => {
  expect(pickMirror(lines, "trixie")).toBeUndefined();
  expect(pickMirror("", "bookworm")).toBeUndefined();
  expect(pickMirror("not|a|known\nformat", "bookworm")).toBeUndefined();
});
