/** SHELL. What the kernel says of the agent's process: which connections and which watches it holds. */
import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { readSmall } from "./file-facts.ts";

const established = "01";

export async function agentPid(runtimeDir: string): Promise<number | null> {
  const pid = Number((await readSmall(join(runtimeDir, "agent.pid")))?.trim());
  return Number.isInteger(pid) && pid > 0 ? pid : null;
}

/** Whether it holds an open connection to one of these ports; null where the kernel does not say. */
export async function holdsConnection(pid: number, ports: readonly number[]): Promise<boolean | null> {
  try {
    const inodes = await socketInodes(pid);
    const tables = await Promise.all(
      ["tcp", "tcp6"].map(async (name) => readSmall(`/proc/${pid}/net/${name}`)),
    );
    const rows = tables.flatMap((text) => (text ?? "").split("\n").slice(1));
    return rows.some((row) => {
      const [, , remote = "", state, , , , , , inode = ""] = row.trim().split(/\s+/u);
      const port = Number.parseInt(remote.split(":")[1] ?? "", 16);
      return state === established && ports.includes(port) && inodes.has(inode);
    });
  } catch {
    return null;
  }
}

async function socketInodes(pid: number): Promise<Set<string>> {
  const names = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(
    names.map(async (name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => "")),
  );
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/u.exec(link)?.[1] ?? []));
}

/** Of all its inotify descriptors; null where nobody may look. */
export async function heldWatches(pid: number): Promise<number | null> {
  try {
    const names = await readdir(`/proc/${pid}/fdinfo`);
    const texts = await Promise.all(
      names.map(async (name) => readFile(`/proc/${pid}/fdinfo/${name}`, "utf8").catch(() => "")),
    );
    return texts.reduce((sum, text) => sum + (text.match(/^inotify wd:/gmu)?.length ?? 0), 0);
  } catch {
    return null;
  }
}
