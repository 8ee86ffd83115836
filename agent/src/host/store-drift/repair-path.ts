/**
 * SHELL. Lets Nix put a store path back. Nix removes the old one before it writes the new, so all of it must lie here and be the
 * signed one by then: it is fetched first, compared with the signed list, and given to Nix as a cache of one path.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { ClosureEntry } from "@chimera/proto/signed/closure";
import { pathInfoShapes, PathVouchers } from "@chimera/proto/nix/path-info-shapes";
import type { RevertFailureCode } from "../../reconcile/drift/revert-failure.ts";
import type { ExpectedPath } from "../../reconcile/store-drift/store-path.ts";
import { attempt } from "../errno-outcome.ts";
import { hashFile } from "../drift/hash-file.ts";
import { run } from "../run.ts";
import { dumpTo } from "./dump-to.ts";
import { isRepairRunning, runRepairUnit } from "./repair-unit.ts";
import { nixCommand, sourceOptions, type FetchSource } from "../store/nix.ts";

export interface RepairOrder {
  expected: ExpectedPath;
  references: ClosureEntry["references"];
  source: FetchSource;
  /** True where the bytes in the store are right: then nothing is fetched. */
  isContentRight: boolean;
  stateDir: string;
  /** Asked last before Nix begins. */
  isCurrent: () => boolean;
}

export type RepairOutcome =
  | { kind: "repaired" }
  | { kind: "abandoned" }
  | { kind: "failed"; code: RevertFailureCode; message: string };

type Failed = Extract<RepairOutcome, { kind: "failed" }>;

export async function repairPath(order: RepairOrder): Promise<RepairOutcome> {
  const { expected, stateDir, isCurrent } = order;
  const space = spaceProblem(expected.narSize, ["/nix/store", stateDir]);
  if (space !== null) return { kind: "failed", code: "no-space", message: space };
  if (!(await clearLeftovers(stateDir))) return { kind: "abandoned" };
  const folder = join(stateDir, `repair-${randomBytes(6).toString("hex")}`);
  mkdirSync(join(folder, "nar"), { recursive: true, mode: 0o700 });
  try {
    const origins = order.isContentRight ? [null, ...order.source.substituters] : order.source.substituters;
    const failed = await takeFrom(order, folder, origins);
    if (failed !== null) return failed;
    return isCurrent() ? await repairFrom(order, folder) : { kind: "abandoned" };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What an ended agent left of a repair. False while that repair still runs: it needs its folder. */
export async function clearLeftovers(stateDir: string): Promise<boolean> {
  if (await isRepairRunning()) return false;
  for (const name of readdirSync(stateDir))
    if (/^repair-[0-9a-f]{12}$/.test(name)) rmSync(join(stateDir, name), { recursive: true, force: true });
  return true;
}

/** `null` among the origins is this machine's own store. */
async function takeFrom(
  order: RepairOrder,
  folder: string,
  origins: readonly (string | null)[],
): Promise<Failed | null> {
  const reasons: string[] = [];
  for (const origin of origins) {
    const problem = await takeOne(order, folder, origin);
    if (problem === null) return null;
    reasons.push(`${origin ?? "this store"}: ${problem}`);
  }
  const message = reasons.join("; ").slice(0, 1500);
  return { kind: "failed", code: "repair-unavailable", message: `nowhere to repair it from: ${message}` };
}

async function takeOne(order: RepairOrder, folder: string, origin: string | null): Promise<string | null> {
  const { path, narSize, narSha256 } = order.expected;
  const nar = join(folder, "nar", "path.nar");
  const argv =
    origin === null
      ? ["nix-store", "--dump", path]
      : ["nix", ...nixCommand, "store", "dump-path", "--store", origin, path, ...sourceOptions(order.source)];
  const dumped = await dumpTo(nar, argv, narSize);
  if (dumped !== null) return dumped;
  const hashed = await hashFile(nar, narSize);
  if (hashed.kind === "failed" || hashed.value.sha256 !== narSha256 || hashed.value.stats.size !== narSize)
    return "what it has is not what was signed";
  const registered = await registrationOf(order, origin);
  writeFileSync(join(folder, "nix-cache-info"), "StoreDir: /nix/store\n");
  writeFileSync(join(folder, `${basename(path).slice(0, 32)}.narinfo`), narinfo(order, registered));
  return null;
}

/** Who signed it; what was not copied from a cache has no signature here. Without one Nix refuses, and says so. */
async function registrationOf(order: RepairOrder, origin: string | null): Promise<PathVouchers> {
  const { substituters } = order.source;
  const asked = origin === null ? [null, ...substituters] : [origin];
  let found: PathVouchers = { signatures: [] };
  for (const store of asked) {
    found = await askRegistration(order, store);
    if (found.signatures.length > 0) break;
  }
  return found;
}

async function askRegistration(
  { expected, source }: RepairOrder,
  origin: string | null,
): Promise<PathVouchers> {
  const store = origin === null ? [] : ["--store", origin, ...sourceOptions(source)];
  const args = [...nixCommand, "path-info", "--json", "--sigs", expected.path, ...store];
  const { stdout } = await run("nix", args, { timeoutMs: 120_000 });
  const [said] = pathInfoShapes(parseJson(stdout), PathVouchers) ?? [];
  return said?.[1] ?? { signatures: [] };
}

function narinfo({ expected, references }: RepairOrder, { signatures, ca }: PathVouchers): string {
  const { path, narSha256, narSize } = expected;
  const lines = [
    `StorePath: ${path}`,
    "URL: nar/path.nar",
    "Compression: none",
    `NarHash: sha256:${narSha256}`,
    `NarSize: ${narSize}`,
    `References: ${references.map((reference) => basename(reference)).join(" ")}`,
    ...signatures.filter(isOneLine).map((signature) => `Sig: ${signature}`),
    ...(typeof ca === "string" && isOneLine(ca) ? [`CA: ${ca}`] : []),
    "",
  ];
  return lines.join("\n");
}

function isOneLine(text: string): boolean {
  return !/[\r\n]/.test(text);
}

async function repairFrom({ expected, source }: RepairOrder, folder: string): Promise<RepairOutcome> {
  const options = sourceOptions({ ...source, substituters: [`file://${folder}`] });
  const args = ["--repair-path", expected.path, ...options, "--option", "fsync-store-paths", "true"];
  const problem = await runRepairUnit(["nix-store", ...args], join(folder, "repair.log"));
  if (problem === null) return { kind: "repaired" };
  return { kind: "failed", code: "repair-failed", message: `nix-store --repair-path: ${problem}` };
}

/** Once as a NAR and once unpacked, where both lie on one disk; and some for whatever else is written meanwhile. */
const shares = 2.2;
const mebibyte = 1 << 20;
const spareBytes = 32 * mebibyte;

function spaceProblem(bytes: number, folders: readonly string[]): string | null {
  for (const folder of folders) {
    const space = attempt(() => statfsSync(folder));
    if (space.kind === "failed") continue;
    const missing = bytes * shares + spareBytes - space.value.bavail * space.value.bsize;
    if (missing > 0) return `${folder} lacks ${Math.ceil(missing / mebibyte)} MiB for a repair`;
  }
  return null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
