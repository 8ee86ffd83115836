/** PURE. What one line of the script that makes /run/wrappers does, in the shapes that NixOS has had. */
import { shellWords } from "../drift/shell-words.ts";

export type WrapperStep =
  /** Nothing of a single wrapper: the folder is made, or moved into place. */
  | { kind: "frame" }
  | { kind: "folder"; parent: string }
  | { kind: "wrapper"; name: string; says: WrapperSaid }
  /** Until NixOS 23.05: a text beside the wrapper, with the name of its program. */
  | { kind: "note"; name: string }
  | { kind: "unknown" };

export interface WrapperSaid {
  source?: string;
  owner?: string;
  group?: string;
  chmod?: string;
  capabilities?: string;
  /** The folder of setcap. */
  tools?: string;
}

const dir = String.raw`"?\$\{?wrapperDir\}?"?`;
const path = String.raw`"?/[^\s"]+"?`;
const frames: readonly RegExp[] = [
  /^(#.*)?$/,
  /^set -\S+( -o \w+)*$/,
  /^_localstatus=0$/,
  /^(else|fi)$/,
  /^echo ("[^"]*"|'[^']*') >&2$/,
  new RegExp(`^if \\[ -[Le] ${path} \\]; then$`),
  new RegExp(`^if test -L ${path}; then$`),
  new RegExp(`^if ! test -e ${path}; then mkdir ${path}; fi$`),
  new RegExp(`^mkdir (-p |-m \\d+ )*${path}$`),
  new RegExp(`^mount -t tmpfs (-o \\S+ )?tmpfs ${path}$`),
  new RegExp(`^chmod \\S+ ("?/[^\\s"]*wrappers"?|${dir})$`),
  new RegExp(`^old=\\$\\(readlink -f ${path}\\)$`),
  new RegExp(`^ln --symbolic (--force --no-dereference )?${dir} ${path}$`),
  new RegExp(`^mv --no-target-directory ${path} ${path}$`),
  new RegExp(`^rm --force --recursive ("?\\$old"?|"?/[^\\s"]+-tmp"?)$`),
];
const folder = /^wrapperDir=\$\(mktemp --directory --tmpdir="?(\/[^\s"]+)"? wrappers\.X+\)$/;

export function readStep(line: string): WrapperStep {
  const parent = folder.exec(line)?.[1];
  if (parent !== undefined) return { kind: "folder", parent };
  if (frames.some((frame) => frame.test(line))) return { kind: "frame" };
  const words = shellWords(line);
  const name = nameIn(words.at(-1) ?? "");
  return name === null ? { kind: "unknown" } : commandStep(name, words.slice(0, -1));
}

function commandStep(name: string, [program = "", ...args]: readonly string[]): WrapperStep {
  if (program === "echo") return noteStep(args, name);
  const says = readers[baseName(program)]?.(args, program) ?? null;
  return says === null ? { kind: "unknown" } : { kind: "wrapper", name, says };
}

function nameIn(target: string): string | null {
  return /^\$\{?wrapperDir\}?\/([^/$]+)$/.exec(target)?.[1] ?? null;
}

function baseName(program: string): string {
  return program.slice(program.lastIndexOf("/") + 1);
}

function noteStep(args: readonly string[], name: string): WrapperStep {
  const isNote = args.length === 3 && args[0] === "-n" && args[2] === ">" && name.endsWith(".real");
  return isNote ? { kind: "note", name } : { kind: "unknown" };
}

type Reader = (args: readonly string[], program: string) => WrapperSaid | null;

const readers: Readonly<Record<string, Reader>> = {
  cp: ([source, ...rest]) => (rest.length === 0 && isAbsolute(source) ? { source } : null),
  chmod: ([chmod, ...rest]) => (rest.length === 0 && chmod !== undefined ? { chmod } : null),
  chown: ([owners = "", ...rest]) => (rest.length === 0 ? ownersOf(owners) : null),
  setcap: ([capabilities, ...rest], program) =>
    rest.length === 0 && capabilities !== undefined && isAbsolute(program)
      ? { capabilities, tools: program.slice(0, -"/setcap".length) }
      : null,
  install: readInstall,
};

function isAbsolute(value: string | undefined): value is string {
  return value?.startsWith("/") === true;
}

/** `owner:group`; until NixOS 21.05 `owner.group`, which chown(1) takes too. */
function ownersOf(text: string): WrapperSaid | null {
  const [, owner, group] = /^([^:]+):([^:]+)$/.exec(text) ?? /^([^.]+)\.([^.]+)$/.exec(text) ?? [];
  return owner === undefined || group === undefined ? null : { owner, group };
}

/** `install -m 0000 -o root -g root SOURCE`. */
function readInstall(args: readonly string[]): WrapperSaid | null {
  const said: WrapperSaid = {};
  const options = { "-m": "chmod", "-o": "owner", "-g": "group" } as const;
  const pairs = args.slice(0, -1);
  for (let index = 0; index < pairs.length; index += 2) {
    const [option, value] = pairs.slice(index, index + 2);
    if (value === undefined || (option !== "-m" && option !== "-o" && option !== "-g")) return null;
    said[options[option]] = value;
  }
  const source = args.at(-1);
  return isAbsolute(source) ? { ...said, source } : null;
}
