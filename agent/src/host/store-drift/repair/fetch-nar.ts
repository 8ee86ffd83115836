/**
 * SHELL. Brings the signed bytes of a store path onto this machine: compared with the signed list, in a folder that is a cache of that one
 * path. A cache that is gone, cut short or wrong costs nothing that way.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathInfoShapes, PathVouchers } from "@chimera/proto/nix/path-info-shapes";
import type { ClosureEntry } from "@chimera/proto/signed/closure";
import type { ExpectedPath } from "../../../reconcile/store-drift/store-path.ts";
import { hashFile } from "../../drift/hash-file.ts";
import { run } from "../../run.ts";
import { nixCommand, sourceOptions, type FetchSource } from "../../store/nix.ts";
import { dumpTo } from "./dump-to.ts";
import { narFile } from "./repair-task.ts";

export interface WantedNar {
  expected: ExpectedPath;
  references: ClosureEntry["references"];
  source: FetchSource;
}

/** Null when it lies there, as a cache of this one path; else what each cache answered. */
export async function fetchNar(wanted: WantedNar, folder: string): Promise<string | null> {
  mkdirSync(join(folder, "nar"), { recursive: true, mode: 0o700 });
  const reasons: string[] = [];
  for (const origin of wanted.source.substituters) {
    const problem = await takeOne(wanted, folder, origin);
    if (problem === null) return null;
    reasons.push(`${origin}: ${problem}`);
  }
  return `nowhere to repair it from: ${reasons.join("; ").slice(0, 1500)}`;
}

async function takeOne(wanted: WantedNar, folder: string, origin: string): Promise<string | null> {
  const { path, narSize, narSha256 } = wanted.expected;
  const nar = join(folder, narFile);
  const from = ["--store", origin, path, ...sourceOptions(wanted.source)];
  const argv = ["nix", ...nixCommand, "store", "dump-path", ...from];
  const dumped = await dumpTo(nar, argv, narSize);
  if (dumped !== null) return dumped;
  const hashed = await hashFile(nar, narSize);
  if (hashed.kind === "failed" || hashed.value.sha256 !== narSha256 || hashed.value.stats.size !== narSize)
    return "what it has is not what was signed";
  const registered = await registrationOf(wanted, origin);
  writeFileSync(join(folder, "nix-cache-info"), "StoreDir: /nix/store\n");
  writeFileSync(join(folder, `${basename(path).slice(0, 32)}.narinfo`), narinfo(wanted, registered));
  return null;
}

/** Who signed it. Without a signature Nix refuses, and says so. */
async function registrationOf({ expected, source }: WantedNar, origin: string): Promise<PathVouchers> {
  const from = ["--store", origin, ...sourceOptions(source)];
  const args = [...nixCommand, "path-info", "--json", "--sigs", expected.path, ...from];
  const { stdout } = await run("nix", args, { timeoutMs: 120_000 });
  const [said] = pathInfoShapes(parseJson(stdout), PathVouchers) ?? [];
  return said?.[1] ?? { signatures: [] };
}

function narinfo({ expected, references }: WantedNar, { signatures, ca }: PathVouchers): string {
  const { path, narSha256, narSize } = expected;
  const lines = [
    `StorePath: ${path}`,
    `URL: ${narFile}`,
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
