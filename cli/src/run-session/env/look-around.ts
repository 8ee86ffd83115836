/** SHELL. Looks at what a decision is made from: the script, the folders above it, chimera.toml and the tools on PATH. */
import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { Io } from "../../io.ts";
import { interpreterFor } from "../decide/interpreters.ts";
import { pinOfLock, registryPin, type Pin } from "../decide/nixpkgs-pin.ts";
import { needsInterpreter } from "../decide/parse-shebang.ts";
import { markers, type FolderFacts, type Marker, type ProjectFacts } from "../decide/surroundings.ts";
import type { ScriptFacts, Surroundings } from "../decide/surroundings.ts";
import type { Asked } from "../record/run-record.ts";
import { findProgram } from "./find-program.ts";
import { readProjectRun, type ProjectRun } from "./project-run.ts";
import { isText, readHead, readIfThere } from "./read-script.ts";
import { repositoryOf } from "./repository-of.ts";
import { isTrusted } from "./trusted.ts";
import { readWanted } from "./read-wanted.ts";

export async function lookAround(io: Io, request: Asked): Promise<Surroundings> {
  const { words, cwd, env, noNix } = request;
  const script = readScript(request);
  const start = script === null ? cwd : dirname(resolve(cwd, words[0] ?? ""));
  const repository = repositoryOf(start);
  const folders = foldersFrom(start, repository).map(lookAtFolder);
  const project = await readProjectRun(io, cwd);
  return {
    system: nixSystem(),
    words: [script?.path ?? words[0] ?? "", ...words.slice(1)],
    script,
    wanted: await readWanted({
      env,
      project,
      cwd,
      script: script === null ? null : resolve(cwd, words[0] ?? ""),
    }),
    noNix,
    folders,
    repository,
    tools: new Set(
      ["nix", "nix-shell", "devenv", "devbox"].filter((tool) => findProgram(tool, io.env["PATH"])),
    ),
    project: pyprojectOf(folders),
    pin: choosePin(project, folders),
    flakes: new Map(),
  };
}

/** Null for a command. Throws where a file is meant that is not there. */
function readScript({ words: [word = ""], isCommand, cwd }: Asked): ScriptFacts | null {
  if (isCommand) return null;
  const path = resolve(cwd, word);
  const facts = statSync(path, { throwIfNoEntry: false });
  const isWord = !word.includes("/");
  if (facts === undefined) {
    if (isWord && interpreterFor(word) === undefined) return null;
    throw new ChimeraError("not-found", `there is no file ${word} (in ${cwd})`);
  }
  // `chimera run test` means the command also where there is a folder test.
  if (facts.isDirectory() && isWord) return null;
  if (!facts.isFile()) throw new ChimeraError("input-invalid", `${word} is no file`);
  return factsOf(word, path, (facts.mode & 0o111) !== 0);
}

function factsOf(word: string, path: string, isExecutable: boolean): ScriptFacts {
  const bytes = readHead(path, word);
  const text = isText(bytes) ? bytes.toString("utf8") : "";
  return {
    path: word.startsWith("-") ? `./${word}` : word,
    text,
    isText: isText(bytes),
    isExecutable,
    hasInterpreter: existsSync(needsInterpreter(text) ?? "/"),
    lock: readIfThere(`${path}.lock`),
  };
}

/** Outside of a repository only one folder counts: what lies in /tmp or above a home is nobody's project. */
function foldersFrom(start: string, repository: string | null): string[] {
  const folders = [start];
  for (let folder = start; repository !== null && folder !== repository;) {
    folder = dirname(folder);
    folders.push(folder);
  }
  return folders;
}

function lookAtFolder(path: string): FolderFacts {
  const files = new Set<Marker>();
  const distrusted = new Map<Marker, string>();
  for (const marker of markers) {
    const facts = statSync(join(path, marker), { throwIfNoEntry: false });
    if (facts?.isFile() !== true) continue;
    if (isTrusted(facts.uid)) files.add(marker);
    else
      distrusted.set(
        marker,
        `${join(path, marker)} belongs to user ${facts.uid}, who is neither you nor root`,
      );
  }
  return { path, files, distrusted };
}

function pyprojectOf(folders: readonly FolderFacts[]): ProjectFacts | null {
  const folder = folders.find(({ files }) => files.has("pyproject.toml"))?.path;
  if (folder === undefined) return null;
  const path = join(folder, "pyproject.toml");
  return {
    path,
    text: readIfThere(path) ?? "",
    uvLock: readIfThere(join(folder, "uv.lock")),
    hasPoetryLock: existsSync(join(folder, "poetry.lock")),
  };
}

function choosePin(project: ProjectRun | undefined, folders: readonly FolderFacts[]): Pin {
  if (project?.nixpkgs !== undefined) {
    return { reference: project.nixpkgs, because: `nixpkgs as ${project.path} says` };
  }
  const near = folders.filter(({ files }) => files.has("flake.nix")).map(({ path }) => path);
  const locks = [...near, ...(project?.flakeFolder === undefined ? [] : [project.flakeFolder])];
  for (const folder of locks) {
    const path = join(folder, "flake.lock");
    const pin = pinOfLock(readIfThere(path) ?? "", path);
    if (pin !== undefined) return pin;
  }
  return registryPin;
}

function nixSystem(): string {
  const machines: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64", ia32: "i686" };
  return `${machines[process.arch] ?? process.arch}-${process.platform}`;
}
