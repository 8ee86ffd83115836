// SHELL. Runs on a node, bundled: changes /etc in every way that drift knows, and measures when all is as before.
// Reads one JSON document on stdin, writes one line a trial on stdout.
import { execFileSync } from "node:child_process";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { changesFor } from "./etc-changes.ts";
import { KindsOrder, type KindTrial } from "./etc-kinds.ts";

const order = KindsOrder.parse(JSON.parse(readFileSync(0, "utf8")));

/** Entries, flags, attributes and mounts; a tool that fails meanwhile is a state like any other. */
function snapshot(): string {
  const paths = ["/etc", "/etc/static", "/etc/.clean", order.folder, ...below(order.folder)];
  const plain = paths.filter(
    (path) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === false,
  );
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return [
    ...paths.map((path) => `${path} ${describe(path)}`),
    ask("lsattr", ["-d", ...plain]).replaceAll(
      /^([^ ]*) /gm,
      (_, flags: string) => `${flags.includes("i") ? "immutable" : "plain"} `,
    ),
    ask("getfattr", ["-h", "--absolute-names", "-m", "-", ...plain]),
    ...mounts.filter((line) => line.includes(" /etc ") || line.includes(` ${order.folder}`)),
  ].join("\n");
}

function below(folder: string): string[] {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  // A revert that ends after the entry is right again has a file of its own there until then.
  return readdirSync(folder)
    .filter((name) => !name.startsWith(".chimera-"))
    .toSorted()
    .map((name) => `${folder}/${name}`);
}

function describe(path: string): string {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  if (facts === undefined) return "missing";
  if (facts.isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  const identity = `${facts.mode.toString(8)} ${facts.uid} ${facts.gid}`;
  return facts.isFile() ? `${identity} ${readFileSync(path, "base64")}` : identity;
}

function ask(file: string, args: readonly string[]): string {
  try {
    return execFileSync(file, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return `${file} failed`;
  }
}

/** Between two looks an entry may vanish: that is "not yet", not an error. */
function looksLike(before: string): boolean {
  try {
    return snapshot() === before;
  } catch {
    return false;
  }
}

async function restoredAfterMs(before: string): Promise<number | null> {
  const begun = performance.now();
  while (performance.now() - begun < order.timeoutMs) {
    if (looksLike(before)) return performance.now() - begun;
    await sleep(2);
  }
  return null;
}

for (const { what, path, change } of changesFor(order)) {
  const before = snapshot();
  change(path);
  const ms = await restoredAfterMs(before);
  process.stdout.write(`${JSON.stringify({ what, path, ms } satisfies KindTrial)}\n`);
}
