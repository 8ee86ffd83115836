/** SHELL. Which process has a file open for writing: by its inode, since its name leads elsewhere by now. */
import { readdir, readFile, stat } from "node:fs/promises";
import { attemptAsync } from "../../errno-outcome.ts";
import { inodeOf, isSameInode, type Inode } from "./inode.ts";

export interface Writer {
  pid: number;
  command: string;
  uid: number;
}

/** A machine with more is searched as far as this: who looks must not cost more than who changed. */
const mostProcesses = 8192;
const mostHandles = 65_536;
const writing = 0o3;

/** The first one found; null where none has it open, as after an editor or a shell that is done. */
export async function findWriter(inode: Inode): Promise<Writer | null> {
  const listed = await attemptAsync(() => readdir("/proc"));
  if (listed.kind === "failed") return null;
  const pids = listed.value.filter((name) => /^\d+$/.test(name)).slice(0, mostProcesses);
  let left = mostHandles;
  for (const pid of pids) {
    // A process that ended meanwhile, or a kernel thread, has none.
    const handles = await attemptAsync(() => readdir(`/proc/${pid}/fd`));
    if (handles.kind === "failed" || Number(pid) === process.pid) continue;
    left -= handles.value.length;
    if (left < 0) return null;
    for (const handle of handles.value) if (await isWriter({ pid, handle }, inode)) return describe(pid);
  }
  return null;
}

async function isWriter({ pid, handle }: { pid: string; handle: string }, inode: Inode): Promise<boolean> {
  const found = await attemptAsync(() => stat(`/proc/${pid}/fd/${handle}`));
  if (found.kind === "failed" || !isSameInode(inodeOf(found.value), inode)) return false;
  const info = await attemptAsync(() => readFile(`/proc/${pid}/fdinfo/${handle}`, "utf8"));
  const flags = info.kind === "done" ? /^flags:\s+([0-7]+)$/m.exec(info.value)?.[1] : undefined;
  return flags !== undefined && (Number.parseInt(flags, 8) & writing) !== 0;
}

async function describe(pid: string): Promise<Writer> {
  const command = await attemptAsync(() => readFile(`/proc/${pid}/comm`, "utf8"));
  const owner = await attemptAsync(() => stat(`/proc/${pid}`));
  return {
    pid: Number(pid),
    command: command.kind === "done" ? command.value.trim().slice(0, 256) : "?",
    uid: owner.kind === "done" ? owner.value.uid : 0,
  };
}
