/** PURE. Whether systemd takes an order to reload a unit: it refuses one for what has no way to do it. */
import { reloadedWith, reloadsAlso } from "./pulls.ts";
import { lastValue } from "./unit-file.ts";
import { unitOf, type UnitFolder } from "./unit-folder.ts";

/** By the new file, which systemd has read by then. `active`: units that it knows. */
export function canReload(to: UnitFolder, name: string, active: ReadonlySet<string>): boolean {
  const unit = unitOf(to, name);
  // Mounts of fstab have no file in the folder.
  if (unit === undefined || name.endsWith(".mount")) return true;
  if (name.endsWith(".service")) {
    const command = lastValue(unit, "Service/ExecReload");
    return command !== undefined || lastValue(unit, "Service/Type") === "notify-reload";
  }
  // All other kinds only pass a reload on.
  return (
    reloadsAlso(to, name).length > 0 || [...active].some((other) => reloadedWith(to, other).includes(name))
  );
}
