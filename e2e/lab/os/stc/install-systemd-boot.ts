// SHELL: what NixOS's installer of systemd-boot does: kernels and entries of all generations on a real boot partition.
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import {
  entryFile,
  entryText,
  espFile,
  loaderText,
  parseEntryName,
  type BootEntry,
  type EntryFacts,
} from "./boot-entries.ts";
import type { BootPaths } from "./install-bootloader.ts";
import { run } from "./systemctl.ts";
import { copyDurable, writeDurable } from "./write-durable.ts";

export interface SystemdBootInput extends BootPaths {
  /** What becomes the default, if it is a generation of the profile. */
  readonly toplevel: string;
  /** How often the loader tries a new entry before it takes the next; without it entries are not counted. */
  readonly tries: number | undefined;
  readonly machineIdFile: string;
}

interface Generation {
  readonly number: number;
  readonly toplevel: string;
  readonly kernel: string;
  readonly initrd: string;
}

const kernels = "EFI/nixos";

/**
 * On vfat a file that was renamed is not on the disk when file and folder are: a power cut brought the old loader.conf
 * back. So the file system is synced as a whole, as NixOS does it, and also after a failure.
 */
export function installSystemdBoot(input: SystemdBootInput): void {
  try {
    install(input);
  } finally {
    syncFileSystem(input.boot);
  }
}

function syncFileSystem(folder: string): void {
  if (!run(["sync", "--file-system", folder]).ok) throw new Error(`cannot sync the file system of ${folder}`);
}

/** What is not needed any more goes first, since the space may be; the default is set last. */
function install(input: SystemdBootInput): void {
  const { boot, profiles, toplevel, tries } = input;
  const entries = join(boot, "loader/entries");
  for (const folder of [entries, join(boot, kernels)]) mkdirSync(folder, { recursive: true });
  const generations = listGenerations(profiles);
  removeOld({ boot, entries, generations });
  const known = readEntries(entries);
  // All kernels before any entry: what is too large for the partition shall not have changed what the loader prefers.
  for (const generation of generations) copyKernels(boot, generation);
  for (const generation of generations) {
    const counter = tries === undefined ? "" : `+${tries}`;
    // An entry that is there keeps its counter: written again, a bad one would be tried again, a good one doubted again.
    const entry = known.get(generation.number) ?? { generation: generation.number, counter };
    writeDurable(join(entries, entryFile(entry)), entryText(factsOf(generation, input)));
  }
  const chosen = generations.findLast((generation) => generation.toplevel === realpathSync(toplevel));
  if (chosen === undefined) return;
  writeDurable(join(boot, "loader/loader.conf"), loaderText(chosen.number, tries !== undefined));
}

function listGenerations(profiles: string): Generation[] {
  const numbers = readdirSync(profiles).flatMap((name) => /^system-(\d+)-link$/.exec(name)?.[1] ?? []);
  return numbers
    .map(Number)
    .toSorted((a, b) => a - b)
    .map((number) => {
      const toplevel = readlinkSync(join(profiles, `system-${number}-link`));
      const [kernel, initrd] = ["kernel", "initrd"].map((file) => realpathSync(join(toplevel, file)));
      return { number, toplevel: realpathSync(toplevel), kernel: kernel ?? "", initrd: initrd ?? "" };
    });
}

function readEntries(folder: string): Map<number, BootEntry> {
  const found = readdirSync(folder).flatMap((name) => parseEntryName(name) ?? []);
  return new Map(found.map((entry) => [entry.generation, entry]));
}

interface Removal {
  readonly boot: string;
  readonly entries: string;
  readonly generations: readonly Generation[];
}

/** Entries before the kernels that they name. Half a file of a run that was cut off goes too. */
function removeOld({ boot, entries, generations }: Removal): void {
  const numbers = new Set(generations.map(({ number }) => number));
  for (const name of readdirSync(entries)) {
    const entry = parseEntryName(name);
    const isOld = entry !== undefined && !numbers.has(entry.generation);
    if (isOld || /^nixos-.*\.tmp$/.test(name)) rmSync(join(entries, name));
  }
  const needed = new Set(generations.flatMap(({ kernel, initrd }) => [espFile(kernel), espFile(initrd)]));
  for (const name of readdirSync(join(boot, kernels)))
    if (!needed.has(name)) rmSync(join(boot, kernels, name), { recursive: true });
}

function copyKernels(boot: string, { kernel, initrd }: Generation): void {
  for (const from of [kernel, initrd]) {
    const to = join(boot, kernels, espFile(from));
    if (!existsSync(to)) copyDurable(from, to);
  }
}

function factsOf(generation: Generation, { machineIdFile, toplevel }: SystemdBootInput): EntryFacts {
  const read = (file: string): string => readFileSync(join(generation.toplevel, file), "utf8").trim();
  return {
    generation: generation.number,
    isDefault: generation.toplevel === realpathSync(toplevel),
    label: read("nixos-version"),
    toplevel: generation.toplevel,
    kernelParams: read("kernel-params"),
    kernel: `/${kernels}/${espFile(generation.kernel)}`,
    initrd: `/${kernels}/${espFile(generation.initrd)}`,
    machineId: existsSync(machineIdFile) ? readFileSync(machineIdFile, "utf8").trim() : undefined,
  };
}
