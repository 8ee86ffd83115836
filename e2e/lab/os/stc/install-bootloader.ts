// SHELL: writes boot entries of every generation, and the boot default, as an installer of systemd-boot would.
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

export interface BootPaths {
  readonly boot: string;
  readonly profiles: string;
}

/**
 * The default is what the system profile names, not what is being switched to: so says NixOS's installer, and so a
 * `boot` without a profile set before changes nothing.
 */
export function installBootloader({ boot, profiles }: BootPaths): void {
  const entries = join(boot, "loader/entries");
  mkdirSync(entries, { recursive: true });
  const generations = listGenerations(profiles);
  const current = basename(readlinkSync(join(profiles, "system")));
  const wanted = new Set(generations.map((generation) => entryName(generation)));
  for (const generation of generations)
    writeAtomic(
      join(entries, entryName(generation)),
      entryText(generation, realpathSync(join(profiles, generation))),
    );
  for (const name of readdirSync(entries))
    if (/^nixos-generation-\d+\.conf$/.test(name) && !wanted.has(name)) rmSync(join(entries, name));
  writeAtomic(join(boot, "loader/loader.conf"), `timeout 0\ndefault ${entryName(current)}\n`);
  // Last: this line is what the machine boots.
  writeAtomic(join(boot, "default"), `${realpathSync(join(profiles, "system"))}\n`);
}

function listGenerations(profiles: string): string[] {
  return readdirSync(profiles)
    .filter((name) => /^system-\d+-link$/.test(name))
    .toSorted((a, b) => numberOf(a) - numberOf(b));
}

function numberOf(generation: string): number {
  return Number(/\d+/.exec(generation)?.[0] ?? 0);
}

function entryName(generation: string): string {
  return `nixos-generation-${numberOf(generation)}.conf`;
}

function entryText(generation: string, toplevel: string): string {
  const params = readFileSync(join(toplevel, "kernel-params"), "utf8").trim();
  return [
    "title NixOS (Chimera lab)",
    `version Generation ${numberOf(generation)} ${readFileSync(join(toplevel, "nixos-version"), "utf8").trim()}`,
    `linux ${realpathSync(join(toplevel, "kernel"))}`,
    `initrd ${realpathSync(join(toplevel, "initrd"))}`,
    `options init=${toplevel}/init ${params}`,
    "",
  ].join("\n");
}

/** A power cut leaves the old file or the new one, never half of one. */
function writeAtomic(path: string, text: string): void {
  const temporary = `${path}.tmp`;
  const file = openSync(temporary, "w", 0o644);
  writeSync(file, text);
  fsyncSync(file);
  closeSync(file);
  renameSync(temporary, path);
  const folder = openSync(dirname(path), "r");
  fsyncSync(folder);
  closeSync(folder);
}
