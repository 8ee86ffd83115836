/** SHELL. The units that run on a node, as its systemctl printed them. */
import { resolve } from "node:path";
import { z } from "zod";
import { readBoundedFile } from "../documents/read-bounded.ts";
import type { Io } from "../io.ts";

/** `systemctl list-units --all --output json` */
const Units = z.array(z.object({ unit: z.string().max(256), active: z.string().max(32) })).max(100_000);

export async function readRunning(io: Io, path: string): Promise<ReadonlySet<string>> {
  const units = await readBoundedFile(resolve(io.cwd, path), Units);
  const running = units.filter(({ active }) => active === "active" || active === "activating");
  return new Set(running.map(({ unit }) => unit));
}
