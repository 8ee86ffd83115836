import { chownSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeDurably } from "./durable-file.ts";

const service = 65_534;
let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "chimera-durable-"))));
afterEach(() => rmSync(directory, { recursive: true }));

test.runIf(process.getuid?.() === 0)(
  "what root writes into the service's folder belongs to the service, and only it may read it",
  () => {
    chownSync(directory, service, service);
    const path = join(directory, "tokens.json");
    for (const text of ["a", "b"]) {
      writeDurably(path, text);
      const { uid, gid, mode } = statSync(path);
      expect([uid, gid, mode & 0o777]).toEqual([service, service, 0o600]);
    }
  },
);
