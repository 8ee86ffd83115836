// SHELL. The commit that a trial was done with.
import { execa } from "execa";

/** With a mark where the files differ from it. */
export async function commitNow(): Promise<string> {
  const cwd = import.meta.dirname;
  const { stdout: commit } = await execa("git", ["rev-parse", "--short", "HEAD"], { cwd });
  const { stdout: changed } = await execa("git", ["status", "--porcelain", "--untracked-files=no"], { cwd });
  const isChanged = changed.split("\n").some((line) => line !== "" && !line.endsWith(".jsonl"));
  return isChanged ? `${commit}+` : commit;
}
