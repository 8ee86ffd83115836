// The closure's own program: `switch <action>`, `setup-etc <tree>`, `check <toplevel> <action>`, `install-bootloader <toplevel> [systemd-boot [tries]]`.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compareInhibitors } from "./compare-inhibitors.ts";
import { installBootloader } from "./install-bootloader.ts";
import { installSystemdBoot } from "./install-systemd-boot.ts";
import { setupEtc } from "./setup-etc.ts";
import { ACTIONS, switchSystem } from "./switch-system.ts";

const print = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function main(argv: readonly string[]): Promise<number> {
  const [command = "", first = "", second = "", third] = argv;
  switch (command) {
    case "switch":
      return switchCommand(first);
    case "setup-etc":
      setupEtc({ tree: first, etc: "/etc", warn: print });
      return 0;
    case "check":
      return checkInhibitors(first, second);
    case "install-bootloader":
      return bootloaderCommand(first, { loader: second, tries: third });
    default:
      print(`unknown command ${JSON.stringify(command)}`);
      return 1;
  }
}

async function switchCommand(name: string): Promise<number> {
  const action = ACTIONS.find((known) => known === name);
  if (action === undefined) throw new Error(`unknown action ${JSON.stringify(name)}`);
  return switchSystem({
    action,
    toplevel: required("TOPLEVEL"),
    preSwitchCheck: required("PRE_SWITCH_CHECK"),
    installBootloader: required("INSTALL_BOOTLOADER"),
    env: process.env,
    print,
  });
}

function bootloaderCommand(
  toplevel: string,
  { loader, tries }: { readonly loader: string; readonly tries: string | undefined },
): number {
  const paths = { boot: "/boot", profiles: "/nix/var/nix/profiles" };
  if (loader !== "systemd-boot") installBootloader(paths);
  else
    installSystemdBoot({
      ...paths,
      toplevel,
      tries: tries === undefined ? undefined : Number(tries),
      machineIdFile: "/etc/machine-id",
    });
  return 0;
}

function checkInhibitors(toplevel: string, action: string): number {
  // A reboot may change anything.
  if (action === "boot") return 0;
  const current = "/run/current-system/switch-inhibitors";
  const found = compareInhibitors(
    existsSync(current) ? readFileSync(current, "utf8") : "{}",
    readFileSync(join(toplevel, "switch-inhibitors"), "utf8"),
  );
  if (found.length === 0) return 0;
  print("There are changes to critical components of the system:");
  for (const { key, current: old, next } of found) print(`${key} : ${old} -> ${next}`);
  print("Reboot into the new configuration, or set NIXOS_NO_CHECK=1 to switch anyway.");
  return 1;
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`environment variable ${name} is missing`);
  return value;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    print(`error: ${cause.message}`);
  process.exitCode = 1;
}
