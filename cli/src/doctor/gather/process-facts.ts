/** SHELL. What the kernel says of a process: which connections and which watches it holds, and on which ports it listens. */
import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { readSmall } from "./file-facts.ts";

export async function agentPid(runtimeDir: string): Promise<number | null> {
  const pid = Number((await readSmall(join(runtimeDir, "agent.pid")))?.trim());
  return Number.isInteger(pid) && pid > 0 ? pid : null;
}

/** As the kernel numbers them. */
const states = { connected: "01", listens: "0A" } as const;

/** Whether it holds an open connection to one of these ports; null where the kernel does not say. */
export async function holdsConnection(pid: number, ports: readonly number[]): Promise<boolean | null> {
  return hasSocket(pid, (row) => row.state === states.connected && ports.includes(row.remotePort));
}

export async function listensOn(pid: number, ports: readonly number[]): Promise<boolean | null> {
  return hasSocket(pid, (row) => row.state === states.listens && ports.includes(row.localPort));
}

interface SocketRow {
  localPort: number;
  remotePort: number;
  state: string;
}

async function hasSocket(pid: number, isWanted: (row: SocketRow) => boolean): Promise<boolean | null> {
  try {
    const inodes = await socketInodes(pid);
    const tables = await Promise.all(
      ["tcp", "tcp6"].map(async (name) => readSmall(`/proc/${pid}/net/${name}`)),
    );
    const rows = tables.flatMap((text) => (text ?? "").split("\n").slice(1));
    return rows.some((line) => {
      const [, local = "", remote = "", state = "", , , , , , inode = ""] = line.trim().split(/\s+/u);
      return inodes.has(inode) && isWanted({ localPort: portOf(local), remotePort: portOf(remote), state });
    });
  } catch {
    return null;
  }
}

/** Of `0100007F:1F90`. */
function portOf(address: string): number {
  return Number.parseInt(address.split(":")[1] ?? "", 16);
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
