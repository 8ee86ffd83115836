/** SHELL. Which units a closure declares, and where their files come from. */
import { lstatSync, readdirSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { declaredUnits } from "../../reconcile/machine-drift/unit-overrides.ts";
import { attempt } from "../errno-outcome.ts";

export interface DeclaredUnits {
  toplevel: string;
  units: ReadonlySet<string>;
  /** Where the links of the closure lead, beside the store; each ends in a slash. */
  folders: readonly string[];
}

/** Read once, and again when the folder is another or was changed, as by a repair. Null for a system without units. */
export function createDeclaredUnits(): (toplevel: string) => DeclaredUnits | null {
  let last: { mark: string; declared: DeclaredUnits | null } | null = null;
  return (toplevel) => {
    const mark = `${toplevel} ${markOf(`${toplevel}/etc/systemd/system`)}`;
    if (last?.mark !== mark) last = { mark, declared: readDeclared(toplevel) };
    return last.declared;
  };
}

function markOf(folder: string): string {
  const stats = attempt(() => statSync(folder));
  return stats.kind === "failed"
    ? stats.errno
    : `${stats.value.dev}:${stats.value.ino}:${stats.value.ctimeMs}`;
}

function readDeclared(toplevel: string): DeclaredUnits | null {
  const folder = `${toplevel}/etc/systemd/system`;
  const names = attempt(() => readdirSync(folder));
  if (names.kind === "failed") return null;
  const targets = names.value.flatMap((name) => {
    const real = attempt(() => realpathSync(`${folder}/${name}`));
    const isUnit = real.kind === "done" && lstatSync(real.value).isFile();
    return isUnit ? [`${dirname(real.value)}/`] : [];
  });
  return { toplevel, units: declaredUnits(names.value), folders: [...new Set(targets)] };
}
