/** What is said of a store path: by the signed closure list, and by the last look at it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Digest, StorePath } from "@chimera/proto/names";
import type { DriftItem } from "@chimera/proto/drift";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createStoreViewer, type StoreViewOptions } from "./view-store.ts";

let root: string;
const path = (letter: string, name: string) => StorePath.parse(`/nix/store/${letter.repeat(32)}-${name}`);
const [system, app, gone] = [path("a", "system"), path("b", "app"), path("c", "gone")];
const list = Digest.parse("d".repeat(64));
const entry = (of: StorePath) => ({ path: of, narSha256: Digest.parse("e".repeat(64)), narSize: 120 });
const closure = {
  toplevel: system,
  list,
  paths: [],
  totalBytes: 0,
  byPath: new Map([system, app, gone].map((of) => [of, entry(of)])),
};
const damaged: DriftItem = {
  path: app,
  kind: "store-content",
  expected: { type: "nar", size: 120 },
  found: { type: "nar", size: 121 },
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "chimera-store-view-"));
  mkdirSync(join(root, app, "bin"), { recursive: true });
  writeFileSync(join(root, app, "bin/app"), "app\n");
});
afterEach(() => rmSync(root, { recursive: true }));

function view(asked: string, over: Partial<StoreViewOptions> = {}) {
  return createStoreViewer({
    root,
    toplevel: () => system,
    closure: () => closure,
    openItem: () => null,
    ...over,
  })(asked);
}

test("a path of the closure is explained by the signed list, and a file in it by its path", async () => {
  const expected = { type: "nar", size: 120, sha256: "e".repeat(64) };
  expect(await view(app)).toMatchObject({
    part: "store",
    explanation: { kind: "managed", toplevel: system, entry: `the signed closure list ${list}`, expected },
    open: null,
    now: { type: "directory" },
  });
  expect(await view(`${app}/bin/app`, { openItem: (of) => (of === app ? damaged : null) })).toMatchObject({
    explanation: { kind: "managed", expected, because: expect.stringContaining(`part of ${app}`) },
    open: damaged,
    now: { type: "file", size: 4 },
  });
});

test("one that is not there is seen at once", async () => {
  expect(await view(gone)).toMatchObject({
    open: { kind: "store-missing", path: gone },
    now: { type: "missing" },
  });
});

test("what the system does not need, and what no list names, is not claimed", async () => {
  expect(await view(path("f", "other"))).toMatchObject({
    explanation: { kind: "undeclared", part: "store" },
  });
  expect(await view(app, { closure: () => null })).toMatchObject({
    explanation: { kind: "unknown", reason: expect.stringContaining("closure list") },
  });
  expect(await view(app, { toplevel: () => null })).toMatchObject({ explanation: { kind: "unknown" } });
  expect(await view("/nix/var/nix/db")).toBeNull();
  expect(await view("/nix/store/.links/x")).toMatchObject({ explanation: { kind: "undeclared" } });
});
