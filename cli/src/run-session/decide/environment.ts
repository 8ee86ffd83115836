/** PURE. The kinds of environment that a run can have, and how they are told to people. */
import type { Pin } from "./nixpkgs-pin.ts";

export type Environment =
  | { kind: "none" }
  /** The script calls Nix itself. */
  | { kind: "nix-script"; tool: "nix-shell" | "nix"; words: readonly string[] | undefined }
  | { kind: "python"; packages: PythonPackages; pin: Pin }
  | { kind: "devenv"; folder: string }
  | { kind: "devbox"; folder: string }
  | { kind: "flake"; reference: string; attribute: string | null; folder: string | null }
  | { kind: "shell-nix"; file: string }
  /** One program of nixpkgs. */
  | { kind: "program"; program: string; attribute: string; pin: Pin };

export interface PythonPackages {
  requiresPython: string | null;
  /** As PEP 508 writes them. */
  dependencies: readonly string[];
  /** Text of a lock of uv, whose versions are then wanted exactly. */
  lock: string | null;
  from: string;
}

export function describe(environment: Environment): string {
  switch (environment.kind) {
    case "none":
      return "none: this machine's own programs";
    case "nix-script":
      return `the script's own: ${[environment.tool, ...(environment.words ?? ["…"])].join(" ")}`;
    case "python":
      return `Python with ${list(environment.packages.dependencies)}, from ${environment.pin.reference}`;
    case "devenv":
    case "devbox":
      return `${environment.kind} of ${environment.folder}`;
    case "flake":
      return `flake ${installable(environment)}`;
    case "shell-nix":
      return environment.file;
    case "program":
      return `${environment.pin.reference}#${environment.attribute}`;
  }
}

export function installable({
  reference,
  attribute,
}: {
  reference: string;
  attribute: string | null;
}): string {
  return attribute === null ? reference : `${reference}#${attribute}`;
}

function list(dependencies: readonly string[]): string {
  if (dependencies.length === 0) return "no packages";
  const more = dependencies.length > 8 ? `, … (${dependencies.length})` : "";
  return `${dependencies.slice(0, 8).join(", ")}${more}`;
}
