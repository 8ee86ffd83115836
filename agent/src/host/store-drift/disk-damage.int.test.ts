/** A file system that is damaged on its disk: what the kernel says of it then, and what is told of the store on it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeEventBody } from "@chimera/proto/event";
import { createLog } from "@chimera/proto/log";
import { StorePath } from "@chimera/proto/names";
import { closureDigest } from "@chimera/proto/signed/closure";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keepClosureList } from "../store/closure-lists.ts";
import { asNixLeaves, entryOf } from "./store-fixture.ts";
import { startStoreDrift } from "./store-service.ts";

const path = StorePath.parse(`/nix/store/${"a".repeat(32)}-app`);
const marker = "a-name-that-is-found-again";
let folder: string;
let image: string;
let root: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "chimera-disk-"));
  [image, root] = [join(folder, "image"), join(folder, "root")];
  mkdirSync(root);
  writeFileSync(image, "");
  truncateSync(image, 16 << 20);
  await execa("mkfs.ext4", ["-q", "-O", "metadata_csum", image]);
  await execa("mount", ["-o", "loop", image, root]);
});
afterEach(async () => {
  await execa("umount", ["--lazy", root], { reject: false });
  rmSync(folder, { recursive: true });
});

test("a folder of which the disk gives other bytes back is damage, told once two looks found it", async () => {
  mkdirSync(join(root, path, "lib"), { recursive: true });
  writeFileSync(join(root, path, "lib", marker), "x");
  asNixLeaves(join(root, path));
  const entries = [entryOf(root, path)];
  const list = closureDigest(entries);
  const stateDir = join(folder, "state");
  keepClosureList(stateDir, list, entries);
  await execa("umount", [root]);
  const disk = readFileSync(image);
  for (let at = disk.indexOf(marker); at >= 0; at = disk.indexOf(marker, at + 1)) disk.write("A", at);
  writeFileSync(image, disk);
  await execa("mount", ["-o", "loop", image, root]);
  const events: NodeEventBody[] = [];
  const waits = { bytesMs: 1_000, metadataMs: 1_000 };
  const begun = performance.now();
  const service = startStoreDrift({
    root,
    stateDir,
    waits,
    program: join(import.meta.dirname, "../../main.ts"),
    isPaced: false,
    ownPath: null,
    roundMs: null,
    walkMs: 100,
    toplevel: () => path,
    listOf: () => list,
    source: () => null,
    mode: "report",
    isHeld: () => false,
    isSwitching: () => false,
    switchLock: join(folder, "no-lock"),
    onEvent: (event) => events.push(event),
    log: createLog({ fields: {}, write: () => undefined }),
  });
  try {
    const found = () => events.filter(({ type }) => type === "drift-found").map(({ data }) => data);
    await vi.waitFor(() => expect(found()).toHaveLength(1), { timeout: 20_000, interval: 20 });
    expect(performance.now() - begun).toBeGreaterThan(waits.bytesMs);
    expect(found()[0]).toMatchObject({
      path,
      kind: "store-content",
      found: { detail: "EBADMSG at lib" },
    });
    const others = events.filter(({ type }) => type !== "drift-found").map(({ data }) => data);
    // It cannot be watched either, which is an alarm of its own.
    expect(others).toEqual([expect.objectContaining({ code: "watch-failed" })]);
  } finally {
    await service.stop();
  }
});
