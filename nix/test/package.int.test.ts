/** The package's dependencies are fixed by a hash; a lock file that moved on must not be met by an old one in silence. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { repository } from "./evaluate.ts";

const Recorded = z.strictObject({
  lockSha256: z.string(),
  hashes: z.record(
    z.enum(["x86_64-linux", "aarch64-linux"]),
    z.string().regex(/^sha256-[A-Za-z0-9+/]{43}=$/),
  ),
});

test("nix/npm-deps.json was made from this lock file (node nix/update-npm-deps.ts makes it anew)", () => {
  const recorded = Recorded.parse(JSON.parse(readFileSync(resolve(repository, "nix/npm-deps.json"), "utf8")));
  const lock = readFileSync(resolve(repository, "package-lock.json"));
  expect(recorded.lockSha256).toBe(createHash("sha256").update(lock).digest("hex"));
});

test("the lock file has a hash for every package that npm fetches, and names no host", () => {
  const Lock = z.object({
    packages: z.record(
      z.string(),
      z.object({
        integrity: z.string().optional(),
        resolved: z.string().optional(),
        link: z.boolean().optional(),
      }),
    ),
  });
  const { packages } = Lock.parse(JSON.parse(readFileSync(resolve(repository, "package-lock.json"), "utf8")));
  const fetched = Object.entries(packages).filter(
    ([path, { link }]) => path.includes("node_modules/") && link !== true,
  );
  expect(fetched.length).toBeGreaterThan(50);
  expect(fetched.filter(([, { integrity }]) => integrity === undefined)).toEqual([]);
  expect(fetched.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
});
