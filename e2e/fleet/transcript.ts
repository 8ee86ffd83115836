// SHELL. What people typed in a scenario, and what they were answered: kept as it was, for the documentation.
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { HostRunResult } from "../lab/host/host-run.ts";

const folder = resolve(import.meta.dirname, "../../.vitest");

export interface Transcript {
  /** A line of explanation. */
  note(text: string): void;
  add(person: string, line: string, result: HostRunResult): void;
  save(name: string): Promise<void>;
}

export function startTranscript(): Transcript {
  const lines: string[] = [];
  return {
    note: (text) => lines.push("", `# ${text}`),
    add: (person, line, { code, stdout, stderr }) => {
      // Progress goes to standard error, and comes before the result.
      const printed = `${stderr}${stdout}`.trimEnd();
      lines.push(`${person}$ ${line}`, ...(printed === "" ? [] : [printed]));
      if (code !== 0) lines.push(`(exit ${code})`);
    },
    async save(name) {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, name), `${lines.join("\n").trim()}\n`);
    },
  };
}
