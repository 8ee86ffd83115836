/** SHELL. Which files of a project an evaluation depends on: those that Nix says it read, and the usual files of data. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { dataFiles, evaluatedFile, pathsInProject } from "../decide/evaluated-files.ts";
import { repositoryOf } from "./repository-of.ts";

const Message = z.object({ action: z.literal("msg"), msg: z.string() });

export function traceEvaluation(): { files: Set<string>; onLine: (line: string) => void } {
  const files = new Set<string>();
  const onLine = (line: string): void => {
    if (!line.startsWith("@nix ") || !line.includes("evaluating file '")) return;
    const message = Message.safeParse(JSON.parse(line.slice("@nix ".length)));
    const file = message.success ? evaluatedFile(message.data.msg) : undefined;
    if (file !== undefined) files.add(file);
  };
  return { files, onLine };
}

/** A flake in a folder of a repository is copied with the whole of it: what it reads may lie above. */
export function localInputs(folder: string, evaluated: ReadonlySet<string>): string[] {
  const roots = [folder, repositoryOf(folder) ?? folder];
  const read = roots.flatMap((root) => [...evaluated].flatMap((file) => pathsInProject(file, root)));
  // A data file that is not there yet counts too: it may come.
  return [...new Set([...read.filter(isOutsideStore), ...dataFiles.map((name) => join(folder, name))])];
}

function isOutsideStore(path: string): boolean {
  return !path.startsWith("/nix/store/") && existsSync(path);
}
