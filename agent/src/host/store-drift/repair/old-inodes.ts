/** SHELL. Which processes still run what was in a path before it was put back: they keep the old files until they are restarted. */
import { closeSync, openSync, readFileSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { basename } from "node:path";
import { setImmediate } from "node:timers/promises";
import { attempt } from "../../errno-outcome.ts";

export interface OldProcess {
  pid: number;
  name: string;
}

const most = 50;
const mapsBytes = 4 << 20;
const deleted = " (deleted)";

/** A path that was moved before it was deleted is known to the kernel by its last name. */
export async function processesOnOld(paths: readonly string[], proc = "/proc"): Promise<OldProcess[]> {
  const found: OldProcess[] = [];
  const listed = attempt(() => readdirSync(proc));
  for (const name of listed.kind === "done" ? listed.value.filter((entry) => /^\d+$/.test(entry)) : []) {
    if (found.length >= most) break;
    if (runsOld(`${proc}/${name}`, paths)) found.push({ pid: Number(name), name: nameOf(`${proc}/${name}`) });
    await setImmediate();
  }
  return found;
}

function runsOld(folder: string, paths: readonly string[]): boolean {
  const exe = attempt(() => readlinkSync(`${folder}/exe`));
  if (exe.kind === "done" && isOld(exe.value, paths)) return true;
  const maps = attempt(() => readBounded(`${folder}/maps`));
  // A process that ended meanwhile runs nothing.
  return (
    maps.kind === "done" && maps.value.split("\n").some((line) => isOld(line.slice(line.indexOf("/")), paths))
  );
}

/** A path that is one file ends where its name ends. */
function isOld(text: string, paths: readonly string[]): boolean {
  if (!text.endsWith(deleted)) return false;
  return paths.some((path) => text.startsWith(`${path}/`) || text === `${path}${deleted}`);
}

/** The program's file; what a process calls its threads says less. */
function nameOf(folder: string): string {
  const exe = attempt(() => readlinkSync(`${folder}/exe`));
  if (exe.kind === "done") return basename(exe.value.replace(/ \(deleted\)$/, ""));
  const name = attempt(() => readFileSync(`${folder}/comm`, "utf8").trim());
  return name.kind === "done" ? name.value : "?";
}

/** Files of /proc have no size; this one ends with its process's mappings. */
function readBounded(file: string): string {
  const fd = openSync(file, "r");
  try {
    const pieces: Buffer[] = [];
    for (let total = 0; total < mapsBytes;) {
      const piece = Buffer.allocUnsafe(64 * 1024);
      const bytes = readSync(fd, piece);
      if (bytes === 0) break;
      total += bytes;
      pieces.push(piece.subarray(0, bytes));
    }
    return Buffer.concat(pieces).toString("latin1");
  } finally {
    closeSync(fd);
  }
}
