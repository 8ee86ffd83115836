/** PURE. The words that run a script in an environment: its interpreter by name, so that the environment's own is found. */
import type { Environment } from "./environment.ts";
import { interpreterFor } from "./interpreters.ts";
import { parseShebang } from "./parse-shebang.ts";
import type { ScriptFacts, Surroundings } from "./surroundings.ts";

export type Command =
  | { kind: "words"; words: readonly [string, ...string[]] }
  | { kind: "refused"; code: "input-invalid"; message: string };

export function commandIn(environment: Environment, { words, script }: Surroundings): Command {
  const [first = "", ...rest] = words;
  if (script === null) return { kind: "words", words: [first, ...rest] };
  const reader = readerIn(environment, script);
  if (reader !== undefined) return { kind: "words", words: withFile(reader, [script.path, ...rest]) };
  // A program, or a first line that only `env` understands: the kernel knows what to do.
  if (script.isExecutable && isRunnable(script))
    return { kind: "words", words: [asPath(script.path), ...rest] };
  return { kind: "refused", code: "input-invalid", message: whyNot(script) };
}

function withFile([program, ...args]: readonly [string, ...string[]], file: string[]): [string, ...string[]] {
  return [program, ...args, ...file];
}

/** Undefined where the file is to be executed as it is. */
function readerIn(environment: Environment, script: ScriptFacts): [string, ...string[]] | undefined {
  if (environment.kind === "nix-script") return [environment.tool];
  if (environment.kind === "python") return ["python3"];
  if (!script.isText) return undefined;
  const shebang = parseShebang(script.text);
  if (shebang.kind === "env-does-more") return undefined;
  if (shebang.kind === "program") {
    const isOwn = environment.kind === "none" && script.hasInterpreter && !shebang.path.endsWith("/env");
    return [isOwn ? shebang.path : shebang.program, ...shebang.args];
  }
  const program = interpreterFor(script.path);
  return program === undefined ? undefined : [program];
}

function isRunnable({ isText, text }: ScriptFacts): boolean {
  return !isText || parseShebang(text).kind !== "none";
}

/** Without a slash it would be looked for on PATH. */
function asPath(path: string): string {
  return path.includes("/") ? path : `./${path}`;
}

function whyNot({ path, isText, text }: ScriptFacts): string {
  if (!isText || parseShebang(text).kind !== "none") return `${path} is not executable: chmod +x ${path}`;
  return `nobody knows what reads ${path}: it has no first line "#!…" and no extension that is known; name it: chimera run -- PROGRAM ${path}`;
}
