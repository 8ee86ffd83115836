/** SHELL. What a program prints, straight into a file: up to a size, because whoever sends it may not fill the disk. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, fstatSync, openSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { toolEnvironment } from "../../run.ts";

const longestMs = 3600_000;
const lookMs = 200;
const keptWords = 4000;

/** Null when all of it came, else why not. */
export async function dumpTo(
  file: string,
  argv: readonly string[],
  maxBytes: number,
): Promise<string | null> {
  const [program = "", ...args] = argv;
  const fd = openSync(file, "w", 0o600);
  const options = { env: toolEnvironment(), cwd: "/", timeout: longestMs } as const;
  const child = spawn(program, args, { ...options, stdio: ["ignore", fd, "pipe"] });
  let words = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    words = `${words}${text}`.slice(-keptWords);
  });
  let isTooMuch = false;
  const watch = setInterval(() => {
    isTooMuch ||= fstatSync(fd).size > maxBytes;
    if (isTooMuch) child.kill("SIGKILL");
  }, lookMs);
  try {
    const failed = once(child, "error").then(([error]) => String(error));
    const ended = once(child, "close").then(([code]) =>
      code === 0 ? null : `ended with ${code ?? "a signal"}`,
    );
    const problem = await Promise.race([failed, ended]);
    if (isTooMuch) return "it sends more than was signed";
    return problem === null ? null : lastLine(words) || problem;
  } finally {
    clearInterval(watch);
    closeSync(fd);
  }
}

function lastLine(words: string): string {
  return stripVTControlCharacters(words).trim().split("\n").at(-1) ?? "";
}
