/** PURE. Hardware and slow facts of a node, gathered by systeminformation in a child process. */
import { z } from "zod";
import { Count, IsoTime, NodeName } from "./names.ts";

const text = z.string().max(256);

export const Hardware = z.object({
  v: z.literal(1),
  node: NodeName,
  at: IsoTime,
  system: z.object({ manufacturer: text, model: text, virtual: z.boolean() }),
  os: z.object({ distro: text, release: text, kernel: text, arch: text }),
  cpu: z.object({ brand: text, cores: Count, physicalCores: Count, speedGhz: z.number().nonnegative() }),
  memoryBytes: Count,
  disks: z.array(z.object({ name: text, type: text, sizeBytes: Count })).max(64),
  networks: z.array(z.object({ name: text, mac: text, ip4: text, speedMbit: z.number().nullable() })).max(64),
  gpus: z.array(z.object({ vendor: text, model: text, bus: text, vramMb: z.number().nullable() })).max(32),
});
export type Hardware = z.infer<typeof Hardware>;
