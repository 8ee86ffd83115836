/** Blocks of PEP 723: those of the specification, and those that it says nothing good about. */
import { expect, test } from "vitest";
import { parsePep723 } from "./parse-pep723.ts";

const block =
  '# /// script\n# requires-python = ">=3.11"\n# dependencies = [\n#   "requests<3",\n#   "rich",\n# ]\n# ///\n';

test("the example of the specification", () => {
  expect(parsePep723(`#!/usr/bin/env python3\n${block}\nimport requests\n`)).toMatchObject({
    kind: "block",
    requiresPython: ">=3.11",
    dependencies: ["requests<3", "rich"],
  });
});

test("line ends of Windows, no line end at the end, and other tables are all the same", () => {
  expect(parsePep723(block.replaceAll("\n", "\r\n"))).toMatchObject({ dependencies: ["requests<3", "rich"] });
  expect(parsePep723(block.trimEnd())).toMatchObject({ kind: "block" });
  expect(
    parsePep723(block.replace("# ///\n", '#\n# [tool.uv]\n# exclude-newer = "2026-01-01"\n# ///\n')),
  ).toMatchObject({
    kind: "block",
  });
});

test("a block without dependencies needs none", () => {
  expect(parsePep723("# /// script\n# requires-python = '>=3.9'\n# ///\n")).toMatchObject({
    dependencies: [],
  });
});

test("a block goes to the last closing line of its comment", () => {
  const text = '# /// script\n# dependencies = ["""\n# ///\n# """]\n# ///\n';
  expect(parsePep723(text)).toMatchObject({ kind: "block", dependencies: ["///\n"] });
});

test.each([
  "",
  "print('# /// script')\n",
  "# /// other\n# dependencies = []\n# ///\n",
  " # /// script\n # dependencies = []\n # ///\n",
  "#/// script\n# ///\n",
])("%j has none", (text) => {
  expect(parsePep723(text)).toEqual({ kind: "none" });
});

test.each([
  [`${block}\n${block}`, /more than one block/u],
  ["# /// script\n# dependencies = []\nimport x\n# ///\n", /no end/u],
  ["# /// script\n# dependencies = [\n", /no end/u],
  ["# /// script\n# dependencies = [\n# ///\n", /not TOML/u],
  ["# /// script\n# dependencies = 7\n# ///\n", /dependencies/u],
  ["# /// script\n# requires-python = 3.11\n# ///\n", /requires-python/u],
])("%j is refused", (text, reason) => {
  expect(parsePep723(text)).toEqual({ kind: "bad", reason: expect.stringMatching(reason) });
});

test("a file of nothing but opening lines takes no time", () => {
  const begun = performance.now();
  expect(parsePep723("# /// script\n".repeat(80_000))).toMatchObject({ kind: "bad" });
  expect(parsePep723("# /// script\n\n".repeat(80_000))).toMatchObject({ kind: "bad" });
  expect(performance.now() - begun).toBeLessThan(2000);
});
