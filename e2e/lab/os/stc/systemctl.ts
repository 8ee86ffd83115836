// SHELL: systemd through systemctl's argv. Synchronous on purpose: a switch does one thing after the other.
import { spawnSync } from "node:child_process";

export interface UnitState {
  readonly name: string;
  readonly active: string;
  readonly sub: string;
}

export interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

export interface RunOptions {
  /** What the program prints is shown as it comes instead of being returned. */
  readonly show?: boolean;
  readonly timeoutMs?: number;
}

export function run(argv: readonly string[], options: RunOptions = {}): Outcome {
  const [file = "", ...args] = argv;
  const result = spawnSync(file, args, {
    encoding: "utf8",
    maxBuffer: 64 << 20,
    stdio: ["ignore", options.show === true ? "inherit" : "pipe", "inherit"],
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
  });
  if (result.error !== undefined) throw new Error(`${argv.join(" ")} could not run`, { cause: result.error });
  return { ok: result.status === 0, output: result.stdout ?? "" };
}

/** Every loaded unit with its state. */
export function listUnits(): UnitState[] {
  const { ok, output } = run([
    "systemctl",
    "list-units",
    "--all",
    "--full",
    "--plain",
    "--no-legend",
    "--no-pager",
  ]);
  if (!ok) throw new Error("systemctl list-units failed");
  return output.split("\n").flatMap((line) => {
    const [name, , active, sub] = line.trim().split(/\s+/);
    return name === undefined || active === undefined || sub === undefined ? [] : [{ name, active, sub }];
  });
}

/** Properties of units by their names; units that systemd does not know are left out. */
export function showUnits(names: readonly string[], property: string): Map<string, string> {
  const values = new Map<string, string>();
  if (names.length === 0) return values;
  const { output } = run(["systemctl", "show", "--property", `Id,${property}`, "--", ...names]);
  for (const block of output.split("\n\n")) {
    const fields = new Map(block.split("\n").map((line) => splitOnce(line)));
    const id = fields.get("Id");
    const value = fields.get(property);
    if (id !== undefined && value !== undefined) values.set(id, value);
  }
  return values;
}

export function hasJobs(): boolean {
  return run(["systemctl", "list-jobs", "--no-legend", "--no-pager"]).output.trim() !== "";
}

function splitOnce(line: string): [string, string] {
  const at = line.indexOf("=");
  return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
}
