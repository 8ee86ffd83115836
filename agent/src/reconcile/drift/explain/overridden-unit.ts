/** PURE. Which unit of a closure systemd would read a file for, by its place below one of systemd's folders. */
import { isDeclaredDropInFolder, isDeclaredUnit } from "../../machine-drift/unit-overrides.ts";

export interface OverriddenUnit {
  /** The unit's file in the closure; null where it is one of many. */
  unit: string | null;
  because: string;
}

/** Null for what systemd reads for no unit of the closure. */
export function overriddenUnit(below: string, declared: ReadonlySet<string>): OverriddenUnit | null {
  const [name = "", file, ...deeper] = below.split("/");
  if (deeper.length > 0 || (file !== undefined && !file.endsWith(".conf"))) return null;
  if (isDeclaredUnit(name, declared)) return file === undefined ? wholeUnit(name, declared) : null;
  return isDeclaredDropInFolder(name, declared) ? dropIn(name.slice(0, -2), declared) : null;
}

function wholeUnit(name: string, declared: ReadonlySet<string>): OverriddenUnit {
  const unit = declaredFor(name, declared);
  return { unit, because: `systemd reads it instead of ${unit}, which the closure declares` };
}

function dropIn(of: string, declared: ReadonlySet<string>): OverriddenUnit {
  if (isDeclaredUnit(of, declared)) {
    const unit = declaredFor(of, declared);
    return { unit, because: `systemd reads it with ${of}, which the closure declares` };
  }
  const beginning = /^(.+-)\.([a-z]+)$/.exec(of);
  const which =
    beginning === null ? `each ${of} unit` : `each ${beginning[2]} unit that begins with ${beginning[1]}`;
  return { unit: null, because: `systemd reads it with ${which}, of which the closure declares some` };
}

/** An instance is declared by its template. */
function declaredFor(name: string, declared: ReadonlySet<string>): string {
  return declared.has(name) ? name : name.replace(/@[^@]*(\.[a-z]+)$/, "@$1");
}
