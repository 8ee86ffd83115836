/** SHELL. A Python with packages of nixpkgs, if that has the versions that were asked for. No venv, nothing from an index. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { nixOutput, runNix } from "../../nix/nix-command.ts";
import { replaceFile } from "../../replace-file.ts";
import type { Environment } from "../decide/environment.ts";
import { choosePython, misfits, type Misfit } from "../python/choose-python.ts";
import { parseRequirement, type Requirement } from "../python/requirement.ts";
import { lockedVersions, parseUvLock } from "../python/uv-lock.ts";
import { strings } from "./ask-flake.ts";
import { nixpkgsExpression } from "./nixpkgs-expression.ts";

type PythonEnvironment = Extract<Environment, { kind: "python" }>;

const Pythons = z.array(z.object({ attribute: z.string().max(64), version: z.string().max(64) }));
const Offers = z.array(z.object({ name: z.string(), version: z.string().nullable() }));

export interface PythonOptions {
  system: string;
  folder: string;
  outLink: string;
  /** Takes what nixpkgs has, whatever versions were asked for. */
  loose: boolean;
}

/** The arguments of `nix build` whose result is the environment. */
export async function pythonBuild(
  io: Io,
  { packages, pin }: PythonEnvironment,
  { system, folder, outLink, loose }: PythonOptions,
): Promise<string[]> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "python.nix");
  await replaceFile(file, nixpkgsExpression);
  const given = { nixpkgs: pin.reference, system };
  const pythons = Pythons.parse(JSON.parse(await ask(io, { file, attribute: "pythons" }, given)));
  const python = choosePython(pythons, loose ? null : packages.requiresPython);
  if (python.kind === "none") throw unsatisfied(packages.from, python.reason);
  const facts = { python: python.version, system };
  const requirements = neededHere(packages, facts);
  const locked = lockedOf(packages, requirements, facts);
  const names = [...new Set([...requirements.map(({ name }) => name), ...(loose ? [] : locked.keys())])];
  const asked = { ...given, python: python.attribute, packages: JSON.stringify(names) };
  const offers = Offers.parse(JSON.parse(await ask(io, { file, attribute: "offers" }, asked)));
  check(packages.from, { requirements, locked, offers, loose });
  return environmentBuild({ file, outLink, requirements, given: { ...given, python: python.attribute } });
}

export function environmentBuild({
  file,
  outLink,
  requirements,
  given,
}: {
  file: string;
  outLink: string;
  requirements: readonly Requirement[];
  given: Readonly<Record<string, string>>;
}): string[] {
  const packages = JSON.stringify(requirements.map(({ name, extras }) => ({ name, extras })));
  const what = ["--file", file, "environment", ...strings({ ...given, packages })];
  return ["build", "--json", "--out-link", outLink, ...what];
}

async function ask(
  io: Io,
  { file, attribute }: { file: string; attribute: string },
  given: Readonly<Record<string, string>>,
): Promise<string> {
  const args = ["eval", "--json", "--no-write-lock-file", "--file", file, attribute, ...strings(given)];
  return nixOutput(io, { args }, `${attribute} of ${given["nixpkgs"]}`);
}

function neededHere(
  { dependencies, from }: PythonEnvironment["packages"],
  facts: { python: string; system: string },
): Requirement[] {
  return dependencies.flatMap((text) => {
    const parsed = parseRequirement(text, facts);
    if (parsed.kind === "bad") throw new ChimeraError("input-invalid", `${from}: ${parsed.reason}`);
    if (parsed.kind === "not-here") return [];
    if (parsed.requirement.url === null) return [parsed.requirement];
    throw unsatisfied(
      from,
      `"${text}" is to come from an address, and nixpkgs is where packages come from here`,
    );
  });
}

function lockedOf(
  { lock, from }: PythonEnvironment["packages"],
  requirements: readonly Requirement[],
  facts: { python: string; system: string },
): Map<string, string> {
  if (lock === null) return new Map();
  const parsed = parseUvLock(lock);
  if (parsed.kind === "bad") throw new ChimeraError("input-invalid", `the lock of ${from}: ${parsed.reason}`);
  return lockedVersions(
    parsed.lock,
    requirements.map(({ name }) => name),
    facts,
  );
}

function check(
  from: string,
  found: {
    requirements: readonly Requirement[];
    locked: ReadonlyMap<string, string>;
    offers: z.infer<typeof Offers>;
    loose: boolean;
  },
): void {
  const offers = new Map(found.offers.map(({ name, version }) => [name, { version: version ?? undefined }]));
  const wrong = misfits(found.requirements, found.loose ? new Map() : found.locked, offers).filter(
    ({ has }) => has === null || !found.loose,
  );
  if (wrong.length > 0) throw unsatisfied(from, wrong.slice(0, 8).map(sayMisfit).join("; "));
}

function sayMisfit({ name, wants, has }: Misfit): string {
  return has === null ? `nixpkgs has no ${name}` : `${name} is wanted ${wants}, and nixpkgs has ${has}`;
}

function unsatisfied(from: string, reason: string): ChimeraError {
  const remedy = "--loose takes the versions that are there, run.nixpkgs in chimera.toml another nixpkgs";
  return new ChimeraError("build-failed", `${from}: ${reason} (${remedy})`);
}

/** Builds, and gives what was built in the order of its outputs. */
export async function buildOutputs(io: Io, args: readonly string[], what: string): Promise<string[]> {
  const result = await runNix(io, { args });
  if (result.kind === "failed") {
    throw new ChimeraError("build-failed", `environment ${what}: ${result.log.failure()}`);
  }
  const Built = z.array(z.object({ outputs: z.record(z.string(), z.string()) }));
  return Built.parse(JSON.parse(result.stdout)).flatMap(({ outputs }) => Object.values(outputs));
}
