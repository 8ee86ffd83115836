/** Names that are typed: what tmux, a path or a shell would read in another way is refused with a reason. */
import { expect, test } from "vitest";
import { nameFor, numbered, parseAddress, parseSessionName } from "./session-name.ts";

test.each(["a", "a1", "deploy", "back-up-2", "x".repeat(63), "0"])("%j is a name", (name) => {
  expect(parseSessionName(name)).toBe(name);
});

test.each([
  "",
  "a:b",
  "a.b",
  "a;b",
  "a b",
  "a\nb",
  "a\n",
  "-a",
  "_a",
  "=a",
  "$1",
  "@1",
  "%1",
  "{last}",
  "ä",
  "a/b",
  "..",
  "#{pid}",
  "A",
  "a_b",
  "x".repeat(64),
  "x".repeat(300),
  "\u001b]52;c;ZXZpbA==\u0007",
])("%j is none", (name) => {
  expect(() => parseSessionName(name)).toThrow(
    expect.objectContaining({ code: "usage", message: expect.stringContaining("a session's name has 1-63") }),
  );
});

test("a refusal quotes what was typed without its escape sequences, and not all of a long one", () => {
  expect(message("a\u001b[2J:b")).toContain('"a:b"');
  expect(message("y".repeat(300))).toMatch(/"y{126}… \(300 characters\)"/u);
});

test("an address is a name, an earlier run of it, or a session of a node", () => {
  expect(parseAddress("deploy")).toEqual({ kind: "local", name: "deploy", n: null });
  expect(parseAddress("deploy.12")).toEqual({ kind: "local", name: "deploy", n: 12 });
  expect(parseAddress("n1/rollout-7")).toEqual({ kind: "node", node: "n1", session: "rollout-7" });
});

test.each([
  "deploy.0",
  "deploy.01",
  "deploy.x",
  ".1",
  "deploy.",
  "a.1.2",
  "N1/x",
  "n1/",
  "n1/a:b",
  "/x",
  "n1/x/y",
])("%j is no address", (text) => {
  expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: "usage" }));
});

test.each([
  ["tools/deploy.py", "deploy"],
  ["./Deploy_ all.sh", "deploy-all"],
  ["python3.12", "python3"],
  ["/usr/bin/env", "env"],
  [".hidden", "hidden"],
  ["...", "run"],
  ["ünï.py", "n"],
  ["-x", "x"],
  ["", "run"],
  [`${"long-".repeat(20)}.py`, "long-long-long-long-long-long-long-long"],
  ["a;b:c.sh", "a-b-c"],
])("%j is named %j", (word, name) => {
  expect(nameFor(word)).toBe(name);
});

test("a numbered name is a name, however long the first one is", () => {
  expect(numbered(nameFor("x".repeat(90)), 12)).toBe(`${"x".repeat(40)}-12`);
});

function message(text: string): string {
  try {
    return parseSessionName(text);
  } catch (error) {
    return String(error);
  }
}
