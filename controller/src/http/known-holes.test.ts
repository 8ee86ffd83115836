/** Libraries that had holes are installed as they were mended. What each hole was: `test/attacks/every-route.int.test.ts` and the layers test. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";

test.each([
  ["hono", [4, 12, 25], "CVE-2026-54286, after 39407, 44459 and 47673-47676"],
  ["@hono/node-server", [1, 19, 13], "CVE-2026-39406"],
  ["ws", [8, 17, 1], "CVE-2024-37890"],
])("%s is at least %j, which mended %s", (name, least) => {
  expect(compare(installed(name), least)).toBeGreaterThanOrEqual(0);
});

function installed(name: string): number[] {
  const entry = fileURLToPath(import.meta.resolve(name));
  const folder = entry.slice(0, entry.lastIndexOf(`node_modules/${name}/`) + `node_modules/${name}/`.length);
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(`${folder}package.json`, "utf8")));
  return version.split(".").map(Number);
}

function compare(found: readonly number[], least: readonly number[]): number {
  const differs = least.findIndex((part, at) => found[at] !== part);
  return differs < 0 ? 0 : (found[differs] ?? 0) - (least[differs] ?? 0);
}
