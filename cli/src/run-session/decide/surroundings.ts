/** PURE. What the decision is made from: the shell looks, and looks again where the decision asks it to. */
import type { Pin } from "./nixpkgs-pin.ts";

export interface ScriptFacts {
  /** As typed, but never like an option. */
  path: string;
  /** "" for what is no text. */
  text: string;
  isText: boolean;
  isExecutable: boolean;
  /** Whether the file that its first line names is there. */
  hasInterpreter: boolean;
  /** uv's lock beside it. */
  lock: string | null;
}

/** Files that say how an environment is made. */
export const markers = ["devenv.nix", "devbox.json", "flake.nix", "shell.nix", "pyproject.toml"] as const;
export type Marker = (typeof markers)[number];

export interface FolderFacts {
  path: string;
  files: ReadonlySet<Marker>;
  /** Somebody else's, who could make us run anything: why each is passed over. */
  distrusted: ReadonlyMap<Marker, string>;
}

export interface ProjectFacts {
  /** Of pyproject.toml. */
  path: string;
  text: string;
  /** Of uv.lock beside it. */
  uvLock: string | null;
  hasPoetryLock: boolean;
}

export interface FlakeOutputs {
  /** Names under devShells of this system. */
  shells: readonly string[];
  hasPackage: boolean;
}

/** What --env or chimera.toml asks for. */
export type Wanted =
  | { kind: "none" }
  | { kind: "file"; path: string }
  /** A devShell of the flake that is near. */
  | { kind: "shell"; name: string }
  | { kind: "flake"; reference: string; attribute: string | null; folder: string | null };

export interface Surroundings {
  /** Nix's name of this machine: "x86_64-linux". */
  system: string;
  /** The script or command, and its arguments. */
  words: readonly string[];
  /** Null for a command. */
  script: ScriptFacts | null;
  wanted: { what: Wanted; because: string } | null;
  noNix: boolean;
  /** From the script's folder, or where one is for a command, up to the root of the repository. */
  folders: readonly FolderFacts[];
  repository: string | null;
  /** Which of nix, nix-shell, devenv and devbox are on PATH. */
  tools: ReadonlySet<string>;
  project: ProjectFacts | null;
  pin: Pin;
  /** By folder: answers to what a decision asked before. */
  flakes: ReadonlyMap<string, FlakeOutputs>;
}
