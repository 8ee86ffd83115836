/** The worker's process: what has a hurry, what it leaves, and that nothing of it reaches the agent. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Digest, StorePath } from "@chimera/proto/names";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ExpectedPath } from "../../reconcile/store-drift/store-path.ts";
import { workerPids } from "./store-fixture.ts";
import { createStoreHand, type StoreHand } from "./store-hand.ts";

const program = join(import.meta.dirname, "../../main.ts");
const uid = process.geteuid?.() ?? 0;
let root: string;
let hand: StoreHand;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "chimera-hand-"));
  mkdirSync(join(root, "nix/store"), { recursive: true });
});
afterEach(async () => {
  await hand.stop();
  rmSync(root, { recursive: true });
});

function pathOf(letter: string, bytes: number): ExpectedPath {
  const path = StorePath.parse(`/nix/store/${letter.repeat(32)}-p`);
  writeFileSync(join(root, path), "");
  truncateSync(join(root, path), bytes);
  return { path, narSha256: Digest.parse("ab".repeat(32)), narSize: bytes + 1000 };
}

test("what has a hurry does not wait for a large path that is read at its leisure, nor for the rest that it takes", async () => {
  const [large, owed, small] = [pathOf("a", 3e9), pathOf("b", 1.5e8), pathOf("c", 10)];
  hand = createStoreHand(program, { root, uid, isPaced: true });
  // What this takes ahead of its share is paid back by resting for many seconds.
  await hand.hash(owed, "soon");
  let isRead = false;
  const reading = hand.hash(large, "idle").then(
    () => (isRead = true),
    () => undefined,
  );
  for (let i = 0; i < 5; i += 1) {
    await delay(200);
    const begun = performance.now();
    expect(await hand.walk([small], "soon")).toMatchObject([{ kind: "seen" }]);
    expect(await hand.hash(small, "soon")).toMatchObject({ kind: "hashed" });
    expect(performance.now() - begun).toBeLessThan(1_500);
  }
  expect(isRead).toBe(false);
  await hand.stop();
  await reading;
});

test("it is as nice as can be unless something has a hurry, and the first that a machine without memory ends", async () => {
  const small = pathOf("c", 10);
  hand = createStoreHand(program, { root, uid, isPaced: true });
  const niceAfter = async (pace: "soon" | "idle") => {
    await hand.walk([small], pace);
    const [pid] = workerPids();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
  };
  const own = getPriority();
  expect([await niceAfter("idle"), await niceAfter("soon"), await niceAfter("idle")]).toEqual([19, own, 19]);
  expect(readFileSync(`/proc/${workerPids()[0]}/oom_score_adj`, "utf8").trim()).toBe("500");
});

test("answers come to whoever asked, in whatever order they are ready", async () => {
  const [large, small] = [pathOf("a", 2e8), pathOf("b", 10)];
  hand = createStoreHand(program, { root, uid, isPaced: false });
  const order: string[] = [];
  const [one, two] = await Promise.all([
    hand.hash(large, "idle").finally(() => order.push("large")),
    hand.hash(small, "soon").finally(() => order.push("small")),
  ]);
  expect(order).toEqual(["small", "large"]);
  expect([one, two]).toMatchObject([{ size: 2e8 + 112 }, { size: 128 }]);
});

test("what is cancelled fails, and the next question starts another worker", async () => {
  const [large, small] = [pathOf("a", 3e9), pathOf("b", 10)];
  hand = createStoreHand(program, { root, uid, isPaced: true });
  const reading = hand.hash(large, "idle").catch((error: unknown) => error);
  await hand.walk([small], "soon");
  await hand.cancel();
  expect(await reading).toMatchObject({ code: "tool-failed" });
  expect(await hand.walk([small], "soon")).toMatchObject([{ kind: "seen" }]);
});
