// PURE. Names and texts of systemd-boot's entries, as NixOS's installer has them: one a generation, with a counter or not.

export interface BootEntry {
  readonly generation: number;
  /** `+2-1`, or empty for an entry that is not counted. */
  readonly counter: string;
}

export interface EntryFacts {
  readonly generation: number;
  readonly isDefault: boolean;
  readonly label: string;
  readonly toplevel: string;
  readonly kernelParams: string;
  /** Paths below the boot partition's root. */
  readonly kernel: string;
  readonly initrd: string;
  readonly machineId: string | undefined;
}

const entryPattern = /^nixos-generation-(\d+)(\+\d+(?:-\d+)?)?\.conf$/;

/** `undefined` for a file that is not ours. */
export function parseEntryName(name: string): BootEntry | undefined {
  const [, generation, counter = ""] = entryPattern.exec(name) ?? [];
  return generation === undefined ? undefined : { generation: Number(generation), counter };
}

/** Whoever names an entry to the loader leaves the counter out: it changes with every boot. */
function entryId(generation: number): string {
  return `nixos-generation-${generation}.conf`;
}

export function entryFile({ generation, counter }: BootEntry): string {
  return `nixos-generation-${generation}${counter}.conf`;
}

/** The file's name on the boot partition says which store path it is a copy of. */
export function espFile(storePath: string): string {
  const [folder = "", ...rest] = storePath.replace(/^.*\/nix\/store\//, "").split("/");
  return `${[folder, ...rest.slice(-1)].join("-")}.efi`;
}

export function entryText(facts: EntryFacts): string {
  return [
    "title NixOS (Chimera lab)",
    // The loader goes down its list: the default comes before all generations, an entry without tries comes last.
    `sort-key ${facts.isDefault ? "default" : "nixos"}`,
    `version Generation ${facts.generation} ${facts.label}`,
    `linux ${facts.kernel}`,
    `initrd ${facts.initrd}`,
    `options init=${facts.toplevel}/init ${facts.kernelParams}`,
    ...(facts.machineId === undefined ? [] : [`machine-id ${facts.machineId}`]),
    "",
  ].join("\n");
}

/** A counted default that is named would be booted for ever; a pattern takes the first of the list that is not bad. */
export function loaderText(generation: number, isCounted: boolean): string {
  return `timeout 0\ndefault ${isCounted ? "nixos-*" : entryId(generation)}\nconsole-mode keep\n`;
}
