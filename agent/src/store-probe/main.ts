/** Wiring. Benchmarks only, never shipped: a store with many files, and what the agent's own looks at it cost. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createLog } from "@chimera/proto/log";
import { StorePath } from "@chimera/proto/names";
import { closureDigest, ClosureList, type ClosureEntry } from "@chimera/proto/signed/closure";
import { hashSteps } from "../host/store-drift/hash-nar.ts";
import { toEnd } from "../host/store-drift/steps.ts";
import { createStoreHand } from "../host/store-drift/store-hand.ts";
import { asNixLeaves } from "../host/store-drift/store-fixture.ts";
import { cpuSecondsOfAll, privateBytesOfChildren } from "./process-tree.ts";
import { startStoreDrift } from "../host/store-drift/store-service.ts";
import { keepClosureList } from "../host/store/closure-lists.ts";
import { expectedPath } from "../reconcile/store-drift/store-path.ts";

/** The third is the agent as it ships: its worker is part of what is measured. */
const [command = "", folder = "", program = "", amount = ""] = process.argv.slice(2);
const [root, listFile] = [join(folder, "root"), join(folder, "list.json")];
const [pathCount, foldersEach, filesEach] = [100, 10, 99];
const digits = "0123456789abcdfghijklmnpqrsvwxyz";

/** 100 paths, each of 10 folders with 99 files: 101,100 things to look at. */
function make(fileBytes: number): object {
  const entries = Array.from({ length: pathCount }, (_, i): ClosureEntry => {
    const hash = `${digits[i >> 5] ?? ""}${digits[i & 31] ?? ""}`.padStart(32, "0");
    const path = StorePath.parse(`/nix/store/${hash}-p${i}`);
    fill(join(root, path), fileBytes);
    const facts = toEnd(hashSteps(join(root, path), { narSize: Infinity }));
    if (facts.kind !== "hashed") throw new Error(`${path}: ${facts.errno}`);
    const narHash = `sha256-${Buffer.from(facts.sha256, "hex").toString("base64")}`;
    return { path, narHash, narSize: facts.size, references: [] };
  });
  writeFileSync(listFile, JSON.stringify({ v: 1, entries }));
  return { files: pathCount * (1 + foldersEach * (1 + filesEach)) };
}

function fill(path: string, fileBytes: number): void {
  const content = Buffer.alloc(fileBytes, path);
  for (let i = 0; i < foldersEach; i += 1) {
    const inside = join(path, `folder-${i}`);
    mkdirSync(inside, { recursive: true });
    for (let k = 0; k < filesEach; k += 1) {
      writeFileSync(join(inside, `file-${k}`), content);
    }
  }
  asNixLeaves(path);
}

/** One walk over all of it, by a worker that does not rest: CPU and memory of this process and of the worker's. */
async function walk(): Promise<object> {
  const paths = ClosureList.parse(JSON.parse(readFileSync(listFile, "utf8"))).entries.flatMap(
    (entry) => expectedPath(entry) ?? [],
  );
  await delay(500);
  const hand = createStoreHand(program, { root, uid: process.geteuid?.() ?? 0, isPaced: false });
  const [before, begun] = [process.memoryUsage.rss(), cpuSecondsOfAll()];
  let peak = before;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss() + privateBytesOfChildren());
  }, 5);
  let seen = 0;
  for (let i = 0; i < paths.length; i += 32)
    seen += (await hand.walk(paths.slice(i, i + 32), "idle")).filter((facts) => facts.kind === "seen").length;
  clearInterval(timer);
  await hand.stop();
  return { seen, cpuSeconds: cpuSecondsOfAll() - begun, extraMb: (peak - before) / 2 ** 20 };
}

/** The service as an agent runs it, always behind with its reading: CPU of the whole process in the worst minute. */
async function scrub(seconds: number): Promise<object> {
  const { entries } = ClosureList.parse(JSON.parse(readFileSync(listFile, "utf8")));
  const list = closureDigest(entries);
  const stateDir = join(folder, "state");
  keepClosureList(stateDir, list, entries);
  const events: string[] = [];
  const begun = cpuSecondsOfAll();
  const service = startStoreDrift({
    root,
    stateDir,
    program,
    toplevel: () => entries[0]?.path ?? null,
    listOf: () => list,
    source: () => null,
    mode: "report",
    roundMs: 1,
    walkMs: 1,
    isHeld: () => false,
    isSwitching: () => false,
    ownPath: null,
    onEvent: ({ type }) => events.push(type),
    log: createLog({ fields: {}, level: "error", write: (line) => process.stderr.write(line) }),
  });
  const cpuSeconds: number[] = [0];
  for (let second = 0; second < seconds; second += 1) {
    await delay(1000);
    cpuSeconds.push(cpuSecondsOfAll() - begun);
  }
  const { verifiedBytes = 0, lastRoundAt = null } = service.summary()?.store ?? {};
  await service.stop();
  return { cpuSeconds, events: events.length, readMb: lastRoundAt === null ? verifiedBytes / 1e6 : 800 };
}

const commands: Record<string, () => Promise<object>> = {
  make: () => Promise.resolve(make(Number(amount))),
  walk,
  scrub: () => scrub(Number(amount)),
};
process.send?.(await commands[command]?.());
process.disconnect?.();
