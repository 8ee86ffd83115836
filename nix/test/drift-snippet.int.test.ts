/** Against the real evaluator: whatever a file holds, the snippet evaluates to it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nixSnippet } from "../../cli/src/print/drift/nix-snippet.ts";
import { nixInstantiate } from "./evaluate.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "chimera-snippet-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function evaluate(files: readonly { path: string; text: string }[]): Promise<unknown> {
  const sets = files.map((file) => `{ ${nixSnippet({ ...file, facts: { mode: "0640", uid: 7, gid: 0 } })} }`);
  const source = join(folder, "snippets.nix");
  await writeFile(source, `map (set: set.environment.etc) [\n${sets.join("\n")}\n]\n`);
  const { exitCode, stdout, stderr } = await nixInstantiate(["--eval", "--strict", "--json", source]);
  expect(stderr).not.toContain("error");
  expect(exitCode).toBe(0);
  return JSON.parse(stdout);
}

/** The same numbers in every run (mulberry32). */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const pieces = [
  ["'", "''", "$", "${", "}", '"', "\\", "\n", "\r", "\t", " ", "  ", "a", "b\n", "''${", "$${", "''\\"],
  ["\\n", "#", "/*", "\u001b[31m", "\u0001", "\u007f", "\u0085", "\u2028", "\u202e", "\u00e9", "\u{1f600}"],
  ["\ufeff", "\n\n", "\n  ", "\n\t", "x = y;\n", "'${"],
].flat();

test("thousands of texts made of what Nix treats in a special way evaluate to themselves", async () => {
  const random = createRandom(20_261_129);
  const files = Array.from({ length: 4000 }, (_, index) => {
    const text = Array.from({ length: random(12) }, () => pieces[random(pieces.length)] ?? "").join("");
    const path = `f${index}/${Array.from({ length: random(4) }, () => pieces[random(18)] ?? "").join("")}x`;
    return { path, text };
  });
  const values = await evaluate(files);
  expect(values).toEqual(files.map(({ path, text }) => ({ [path]: { text, mode: "0640", uid: 7 } })));
});

test("a file of a megabyte of the worst characters evaluates to itself", async () => {
  const text = "''${a}'\\\"$\n".repeat(100_000);
  expect(await evaluate([{ path: "big", text }])).toEqual([{ big: { text, mode: "0640", uid: 7 } }]);
});
