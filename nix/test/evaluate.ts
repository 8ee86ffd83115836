/** SHELL. For tests: Nix evaluates an attribute of a file below nix/, strictly, with the message of what went wrong. */
import { execa } from "execa";
import { resolve } from "node:path";
import { toolCommand } from "../../e2e/lab/tools/tool-command.ts";

export const repository = resolve(import.meta.dirname, "../..");

export type Evaluation = { readonly value: unknown; readonly error: string };

/** `value` is undefined where evaluation failed; `error` is then what Nix wrote. */
export async function evaluate(
  file: string,
  attribute: string,
  args: readonly string[] = [],
): Promise<Evaluation> {
  const flags = ["--eval", "--strict", "--json", "-A", attribute, ...args];
  const { exitCode, stdout, stderr } = await nixInstantiate([...flags, resolve(repository, "nix", file)]);
  return exitCode === 0 ? { value: JSON.parse(stdout), error: "" } : { value: undefined, error: stderr };
}

export async function nixInstantiate(args: readonly string[]) {
  const [program = "nix-instantiate", ...first] = toolCommand("nix-instantiate");
  return execa(program, [...first, ...args], { reject: false, stdin: "ignore", timeout: 60_000 });
}

/** A folder with `lib/` of nixpkgs; it is not in this repository (the repository nix-community/nixpkgs.lib has it). */
export const nixpkgsLib = process.env["CHIMERA_NIXPKGS_LIB"];

/** Like `evaluate`, for a file that takes nixpkgs' lib. Absolute here: Nix would take it from the file system's root. */
export async function evaluateWithLib(file: string, attribute: string): Promise<Evaluation> {
  if (nixpkgsLib === undefined) return { value: undefined, error: "CHIMERA_NIXPKGS_LIB is not set" };
  return evaluate(file, attribute, ["--argstr", "nixpkgsLib", resolve(nixpkgsLib)]);
}
