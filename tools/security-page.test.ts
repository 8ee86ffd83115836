/** SECURITY.md promises: each row of what happens names a test that is there, and a name that is in it. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const [shown = "", open = ""] = read("SECURITY.md").split("\n## Not shown yet\n");

const rows = rowsOf(shown.slice(shown.indexOf("## What happens then")));
const references = rows.flatMap((row) =>
  [...(row.at(-1) ?? "").matchAll(/`([^`]+)` "([^"]+)"/g)].map(([, file = "", name = ""]) => ({
    file,
    name,
  })),
);

function rowsOf(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| attacker has"))
    .map((line) => line.split(" | ").map((cell) => cell.replaceAll(/^\| | \|$/g, "")));
}

test("the page has rows, each with an attacker, what he wants, what happens and who shows it", () => {
  expect(rows.length).toBeGreaterThan(40);
  for (const row of rows) {
    expect([row, row.length]).toEqual([row, 4]);
    expect([row, row.at(-1)]).toEqual([row, expect.stringMatching(/^`[^`]+" ?.*"$|^`[^`]+` "[^"]+"/)]);
  }
  expect(references.length).toBeGreaterThanOrEqual(rows.length);
});

test.each(references)("$file has the test $name", ({ file, name }) => {
  expect([file, existsSync(join(root, file))]).toEqual([file, true]);
  expect(file).toMatch(/\.test\.ts$/);
  // Its attacks are made from tables; the page that it writes, and compares, has the names.
  const text = file === "e2e/scenarios/attacks.lab.test.ts" ? read("docs/attacks.md") : read(file);
  expect(text).toContain(name);
});

test("what is not shown names no test", () => {
  expect(rowsOf(open).length).toBeGreaterThan(3);
  expect(open).not.toMatch(/\.test\.ts/);
});
