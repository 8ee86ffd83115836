/** Commands that do not start: each has an ending, and none throws. */
import { expect, test } from "vitest";
import { launch, type Launch } from "./launch.ts";

const order: Launch = { program: "/bin/true", argv: ["true"], cwd: "/", env: {}, stdio: "ignore" };

test.each<[string, Partial<Launch>, object]>([
  ["one that ends well", {}, { kind: "exited", code: 0 }],
  ["one with a code", { program: "/bin/sh", argv: ["sh", "-c", "exit 255"] }, { kind: "exited", code: 255 }],
  [
    "one that kills itself",
    { program: "/bin/sh", argv: ["sh", "-c", "kill -9 $$"] },
    { kind: "signalled", signal: "SIGKILL", number: 9 },
  ],
  ["one that is not there", { program: "/no/where" }, { kind: "not-started", code: 127 }],
  ["one that is a folder", { program: "/" }, { kind: "not-started", code: 126 }],
  ["a folder that is not there", { cwd: "/no/where" }, { kind: "not-started", code: 127 }],
  ["too long a word", { argv: ["true", "x".repeat(3_000_000)] }, { kind: "not-started", code: 126 }],
  ["too many variables", { env: { X: "x".repeat(3_000_000) } }, { kind: "not-started", code: 126 }],
])("%s", async (_, changes, ending) => {
  expect(await launch({ ...order, ...changes }).ended).toMatchObject(ending);
});

test("the words are those that were asked for, the name of the program too", async () => {
  const script = '[ "$0|$1|$2" = "odd name|a b|" ]';
  const argv = ["odd name", "-c", script, "odd name", "a b", ""];
  expect(await launch({ ...order, program: "/bin/sh", argv }).ended).toEqual({ kind: "exited", code: 0 });
});
