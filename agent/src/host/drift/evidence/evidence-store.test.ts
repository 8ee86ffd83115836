/** What evidence outlasts: clocks that jump, storms, and an agent that starts again. On a real file system. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openDirectory } from "../etc-directory.ts";
import { createEvidence, type Evidence } from "../evidence.ts";
import { evidenceLimits } from "./evidence-store.ts";

const dayMs = 86_400_000;
let folder: string;
let state: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-evidence-"));
  state = join(folder, "state");
  mkdirSync(join(folder, "etc"));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

async function keep(evidence: Evidence, name: string, text: string): Promise<string> {
  writeFileSync(join(folder, "etc", name), text);
  const opened = openDirectory(join(folder, "etc"), "");
  if (opened.kind === "failed") throw new Error(opened.errno);
  using directory = opened.value;
  const [path, root, below] = [`/etc/${name}`, join(folder, "etc"), name];
  const kept = await evidence.keepFile({ directory, name, path, root, below, declared: null });
  return kept.kind === "kept" ? kept.id : kept.kind;
}

async function keepFolder(evidence: Evidence, name: string, files: number): Promise<string> {
  mkdirSync(join(folder, "etc", name));
  for (let file = 0; file < files; file += 1) writeFileSync(join(folder, "etc", name, `${file}`), "x");
  const opened = openDirectory(join(folder, "etc"), "");
  if (opened.kind === "failed") throw new Error(opened.errno);
  using directory = opened.value;
  return (await evidence.keep(directory, name, name)).kind;
}

/** With room for three; the share of an hour is over with each start of the agent. */
const startSmall = () => createEvidence(state, { files: 9, bytes: 1e9 });
const names = (): string[] =>
  readdirSync(join(state, "evidence"))
    .map((name) => name.replace(/^.*-/u, ""))
    .toSorted();
const setClock = (ms: number): void => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(ms);
};
const now = Date.now();

test("a clock that is 31 days ahead for a moment makes nothing old", async () => {
  const evidence = createEvidence(state);
  await keep(evidence, "first", "evil\n");
  setClock(now + 31 * dayMs);
  await evidence.prune();
  await keep(evidence, "second", "evil\n");
  expect(names()).toEqual(["first", "second"]);
  setClock(now);
  await createEvidence(state).prune();
  expect(names()).toEqual(["first", "second"]);
});

test("a clock that is set back turns no order round, over a restart too", async () => {
  const evidence = createEvidence(state);
  const first = await keep(evidence, "motd", "first\n");
  setClock(now - 3_600_000);
  const second = await keep(evidence, "motd", "second\n");
  const third = await keep(createEvidence(state), "motd", "third\n");
  const ids = (await evidence.list("/etc/motd")).map(({ id }) => id);
  expect(ids).toEqual([third, second, first]);
  expect((await evidence.list("/etc/motd"))[0]?.at.localeCompare(new Date(now).toISOString())).toBe(-1);
});

test("room is made by the evidence that was kept first, whatever the clock said then", async () => {
  await keep(startSmall(), "first", "1\n");
  setClock(now - 3_600_000);
  for (const name of ["second", "third", "fourth"]) await keep(startSmall(), name, `${name}\n`);
  expect(names()).toEqual(["fourth", "second", "third"]);
});

test("what an earlier agent kept is older than all else, and in the order of its time", async () => {
  const old = ["2027-01-01T00-00-00-000Z-0002-motd", "2027-01-01T00-00-00-000Z-0001-motd"];
  for (const name of old) mkdirSync(join(state, "evidence", name), { recursive: true });
  const evidence = createEvidence(state, { files: 5, bytes: 1e9 });
  await keep(createEvidence(state, { ...evidenceLimits, files: 12 }), "mine", "x");
  await keepFolder(createEvidence(state, { ...evidenceLimits, files: 6 }), "dir", 1);
  expect(readdirSync(join(state, "evidence"))).not.toContain(old[1]);
  expect(readdirSync(join(state, "evidence"))).toContain(old[0]);
  expect(await evidence.list("/etc/mine")).toHaveLength(1);
});

test("it is old when 30 days of the running machine have passed, over restarts of agent and machine", async () => {
  let [boot, uptime] = ["one", 5 * dayMs];
  const clock = { bootId: () => boot, uptimeMs: () => uptime };
  const start = () => createEvidence(state, evidenceLimits, { clock });
  const evidence = start();
  await evidence.prune();
  await keep(evidence, "motd", "x");
  uptime += dayMs / 20;
  await evidence.prune();
  uptime += 20 * dayMs;
  await start().prune();
  [boot, uptime] = ["two", 1000];
  await start().prune();
  uptime += 9 * dayMs;
  const last = start();
  await last.prune();
  expect(names()).toEqual(["motd"]);
  uptime += 2 * dayMs;
  await last.prune();
  expect(names()).toEqual([]);
});

test("the same bytes are kept once, and as long as somebody needs them", async () => {
  const evidence = createEvidence(state);
  const text = "x".repeat(100_000);
  const ids = [
    await keep(evidence, "a", text),
    await keep(evidence, "b", text),
    await keep(evidence, "c", "y"),
  ];
  const inodes = ids.map((id) => statSync(join(state, "evidence", id, "content")).ino);
  expect([inodes[0] === inodes[1], inodes[0] === inodes[2]]).toEqual([true, false]);
  rmSync(join(state, "evidence", ids[0] ?? ""), { recursive: true });
  expect((await evidence.read(ids[1] ?? "", 1e6))?.toString()).toBe(text);
});

test("shared bytes are counted once, also by the next agent", async () => {
  const limits = { files: 1000, bytes: 400_000 };
  const evidence = createEvidence(state, { files: 1000, bytes: 1e9 });
  // 104 KiB and ten times 8 KiB; as copies they would be more than a megabyte.
  for (let index = 0; index < 10; index += 1) await keep(evidence, `same${index}`, "x".repeat(100_000));
  await keep(createEvidence(state, limits), "other", "y".repeat(100_000));
  expect(names()).toHaveLength(11);
});

test("a storm takes half of the room in an hour; what was kept before stays, and a folder pushes out the storm's", async () => {
  const limits = { files: 60, bytes: 1e9 };
  const before = createEvidence(state, { ...limits, files: 1000 });
  for (let index = 0; index < 9; index += 1) await keep(before, `before${index}`, `${index}`);
  const evidence = createEvidence(state, limits);
  const answers: string[] = [];
  for (let index = 0; index < 30; index += 1) answers.push(await keep(evidence, `storm${index}`, `${index}`));
  expect(answers.filter((answer) => answer === "refused")).toHaveLength(20);
  expect(names().filter((name) => name.startsWith("before"))).toHaveLength(9);
  // What is in the place of an entry must go somewhere, or the entry stays away.
  expect(await keepFolder(evidence, "dir", 20)).toBe("moved");
  expect(names().filter((name) => name.startsWith("before"))).toHaveLength(9);
  expect(names()).toContain("dir");
});
