// SHELL. What a container was is kept as further lower layers of its overlay: giving it back costs a new upper layer only.
import { existsSync, readdirSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { hostFolder } from "../lab-state.ts";
import { runTool } from "../tools/run-tool.ts";

/** Newest first, as overlayfs wants them. */
export function keptLayers(host: string): string[] {
  const folder = join(hostFolder(host), "kept");
  if (!existsSync(folder)) return [];
  const numbers = readdirSync(folder).map(Number);
  return numbers.toSorted((one, other) => other - one).map((number) => join(folder, String(number)));
}

/** Of a host that is off: what it is becomes its newest kept layer. `seen` is a folder that is watched in the upper layer. */
export async function keepLayer(host: string, seen: string): Promise<void> {
  const folder = hostFolder(host);
  await mkdir(join(folder, "kept"), { recursive: true });
  await rename(join(folder, "upper"), join(folder, "kept", String(keptLayers(host).length)));
  await renewUpper(host, seen);
}

/** Of a host that is off: whatever changed since the newest kept layer is gone. */
export async function renewUpper(host: string, seen: string): Promise<void> {
  const folder = hostFolder(host);
  const upper = join(folder, "upper");
  for (const part of ["upper", "work"]) await rm(join(folder, part), { recursive: true, force: true });
  await mkdir(upper, { mode: 0o755 });
  const [newest = ""] = keptLayers(host);
  // A folder that only lies below would be copied up at the first write, and a watch would see nothing of it.
  await runTool(["cp", "-a", "--parents", "-t", upper, seen], { cwd: newest });
}
