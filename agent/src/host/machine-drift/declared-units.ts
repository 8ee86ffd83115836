/** SHELL. Which units a closure declares, and where their files come from. */
import { lstatSync, readdirSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { declaredUnits } from "../../reconcile/machine-drift/unit-overrides.ts";
import { attempt } from "../errno-outcome.ts";

export interface DeclaredUnits {
  toplevel: string;
  units: ReadonlySet<string>;
  /** Where the links of the closure lead, beside the store; each ends in a slash. */
  folders: readonly string[];
}

/** Read once: a store path does not change under its name. Null for a system without units. */
export function createDeclaredUnits(): (toplevel: string) => DeclaredUnits | null {
  let last: DeclaredUnits | null = null;
  return (toplevel) => {
    if (last?.toplevel !== toplevel) last = readDeclared(toplevel);
    return last;
  };
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
