// SHELL. The two versions of Chimera that a lab fleet knows: the repository's, and a next one that differs in its name.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

export interface FleetVersions {
  first: string;
  next: string;
}

export async function fleetVersions(): Promise<FleetVersions> {
  const text = await readFile(join(import.meta.dirname, "../../package.json"), "utf8");
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(text));
  return { first: version, next: `${version}-next` };
}
