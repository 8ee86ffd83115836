// SHELL. Runs on a node, bundled: changes entries of /etc in six ways and measures when each is back as it was.
// Reads one JSON document on stdin, writes one line a trial on stdout.
import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, readlinkSync, renameSync } from "node:fs";
import { appendFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { TamperOrder, tamperKinds, type TamperKind, type TamperTrial } from "./tamper-order.ts";

const changes: Record<TamperKind, (path: string, trial: number) => void> = {
  changed: (path) => appendFileSync(path, "tampered\n"),
  deleted: (path) => rmSync(path),
  "replaced-by-file": (path) => {
    writeFileSync(`${path}.tampered`, "tampered\n");
    renameSync(`${path}.tampered`, path);
  },
  "replaced-by-directory": (path) => {
    rmSync(path);
    mkdirSync(path);
    writeFileSync(`${path}/inside`, "tampered\n");
  },
  "wrong-target": (path) => {
    symlinkSync("/etc/passwd", `${path}.tampered`);
    renameSync(`${path}.tampered`, path);
  },
  "wrong-mode-or-owner": (path, trial) =>
    trial % 2 === 0 ? chmodSync(path, 0o777) : chownSync(path, 1234, 1234),
};

function snapshot(path: string): string {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  if (facts === undefined) return "missing";
  const identity = `${facts.mode} ${facts.uid} ${facts.gid}`;
  if (facts.isSymbolicLink()) return `${identity} -> ${readlinkSync(path)}`;
  return facts.isFile() ? `${identity} ${readFileSync(path, "hex")}` : `${identity} other`;
}

async function restoredAfterMs(path: string, before: string, timeoutMs: number): Promise<number | null> {
  const begun = performance.now();
  for (;;) {
    if (looksLike(path, before)) return performance.now() - begun;
    if (performance.now() - begun > timeoutMs) return null;
    // half a millisecond is the error of the figure
    await sleep(0.5);
  }
}

/** Between two looks the entry may vanish: that is "not yet", not an error. */
function looksLike(path: string, before: string): boolean {
  try {
    return snapshot(path) === before;
  } catch {
    return false;
  }
}

const order = TamperOrder.parse(JSON.parse(readFileSync(0, "utf8")));
for (let trial = 0; trial < order.trials; trial += 1) {
  const kind = tamperKinds[trial % tamperKinds.length] ?? "changed";
  const round = Math.floor(trial / tamperKinds.length);
  const paths = kind === "changed" || kind === "wrong-mode-or-owner" ? order.files : order.links;
  const path = paths[(round * 7 + trial) % paths.length] ?? "";
  const before = snapshot(path);
  changes[kind](path, round);
  const ms = await restoredAfterMs(path, before, order.timeoutMs);
  process.stdout.write(`${JSON.stringify({ trial, kind, path, ms } satisfies TamperTrial)}\n`);
  await sleep(order.pauseMs);
}
