// SHELL. What the lab has made or is about to make on this machine: written before it acts, read by whoever cleans up.
import { existsSync, lstatSync, readlinkSync } from "node:fs";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ChimeraError } from "@chimera/proto/errors";
import { inLane, lane, lanes } from "./lane.ts";
import { cacheFolder } from "./prepare/cache-folder.ts";
import { VmSpec } from "./vm/vm-spec.ts";
import { ProcessIdentity } from "./kernel/process-identity.ts";
import { writeAtomic } from "./write-atomic.ts";

export const HostName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, "a host is named by a letter and up to 30 letters, digits and dashes");

export const HostKind = z.enum(["hub", "node", "ws"]);
export type HostKind = z.infer<typeof HostKind>;

export const HostRecord = z.strictObject({
  name: HostName,
  kind: HostKind,
  address: z.ipv4(),
  /** Lower folders of its overlay, topmost first. */
  lowers: z.array(z.string().max(4096)).max(8),
  binds: z.array(z.strictObject({ from: z.string().max(4096), to: z.string().max(4096) })).max(32),
  /** Without it the host is a container. */
  vm: VmSpec.optional(),
});
export type HostRecord = z.infer<typeof HostRecord>;

export const LabState = z.strictObject({
  v: z.literal(1),
  id: z.string().max(64),
  phase: z.enum(["starting", "up"]),
  owner: ProcessIdentity,
  bootId: z.string().max(64),
  /** The first three numbers of the lab's /24. */
  subnet: z.string().max(11),
  /** Values before the lab raised them. */
  sysctls: z.record(z.string().max(128), z.string().max(64)),
  /** Entries of /run/systemd/nspawn that were there before. */
  runBefore: z.array(z.string().max(4096)).max(10_000),
  hosts: z.array(HostRecord).max(128),
});
export type LabState = z.infer<typeof LabState>;

/** Names the folder of this lane's lab, whichever cache folder its maker used. Gone after `down`. */
export const claimLink = claimOf(lane);

export function labFolder(): string {
  return isClaimed() ? readlinkSync(claimLink) : ownLabFolder();
}

export function isClaimed(): boolean {
  return lstatSync(claimLink, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/** Makes this lane's lab ours; of two that try at once, one fails. */
export async function claimLab(): Promise<void> {
  await symlink(ownLabFolder(), claimLink).catch((cause: unknown) => {
    throw new ChimeraError("write-conflict", "another process is bringing this lab up", {
      cause,
    });
  });
}

function claimOf(one: number): string {
  return inLane("/run/chimera-lab", one);
}

/** Folders of the labs that are up in other lanes. */
export function otherLabs(): string[] {
  const claims = lanes.filter((one) => one !== lane).map(claimOf);
  return claims.flatMap((link) =>
    lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === true ? [readlinkSync(link)] : [],
  );
}

function ownLabFolder(): string {
  return join(cacheFolder(), inLane("lab"));
}

export function stateFile(folder = labFolder()): string {
  return join(folder, "state.json");
}

export function hostFolder(name: string): string {
  return join(labFolder(), "hosts", name);
}

/** Exists as long as runners may start: one that finds it missing after joining its cgroup goes no further. */
export function permitFile(): string {
  return join(labFolder(), "runners-may-start");
}

export async function readState(folder = labFolder()): Promise<LabState | undefined> {
  const path = stateFile(folder);
  if (!existsSync(path)) return undefined;
  const parsed = LabState.safeParse(JSON.parse(await readFile(path, "utf8")));
  if (parsed.success) return parsed.data;
  throw new ChimeraError(
    "state-invalid",
    `${path} is of another version of the lab: run its own \`npm run lab -- down\`, or remove the file`,
    { cause: parsed.error },
  );
}

export async function writeState(state: LabState): Promise<void> {
  await mkdir(labFolder(), { recursive: true });
  await writeAtomic(stateFile(), `${JSON.stringify(state, null, 1)}\n`);
}
