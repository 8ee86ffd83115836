/** PURE. The first line of a script: which program is to read it, as the kernel and `env -S` would take it. */
import { splitWords } from "./split-words.ts";

export type Shebang =
  | { kind: "none" }
  /** `path` as it is written, `program` without folders: on NixOS /usr/bin/python3 is nowhere, python3 is. */
  | { kind: "program"; path: string; program: string; args: readonly string[] }
  /** It asks `env` for more than a program: only `env` itself can do that. */
  | { kind: "env-does-more" };

/** More is no first line but a file without line ends. */
const longest = 1024;

export function parseShebang(text: string): Shebang {
  const line = text.slice(0, longest).split("\n", 1)[0] ?? "";
  const found = /^#![ \t]*(?<path>[^ \t\r]+)[ \t]*(?<rest>.*?)[ \t\r]*$/u.exec(line)?.groups;
  const path = found?.["path"] ?? "";
  const rest = found?.["rest"] ?? "";
  if (path === "") return { kind: "none" };
  if (baseName(path) === "env") return throughEnv(path, rest);
  // The kernel gives all that follows as one argument.
  return { kind: "program", path, program: baseName(path), args: rest === "" ? [] : [rest] };
}

function throughEnv(path: string, rest: string): Shebang {
  const split = /^-S[ \t]*|^--split-string=/u.exec(rest)?.[0];
  const words = split === undefined ? [rest] : splitWords(rest.slice(split.length));
  const [program = "", ...args] = words ?? [];
  if (words === undefined || program === "" || program.startsWith("-") || /[=$\s]/u.test(program)) {
    return { kind: "env-does-more" };
  }
  // `env python3` finds it on PATH, whatever `env` is called with.
  return { kind: "program", path, program, args };
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The file without which the kernel cannot start a script. */
export function needsInterpreter(text: string): string | undefined {
  const shebang = parseShebang(text);
  return shebang.kind === "program" ? shebang.path : undefined;
}
