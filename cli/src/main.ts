/** SHELL. Entry of `chimera`: the version at once, everything else loaded when it is needed. */
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { version } from "./version.ts";

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
  process.stdout.write(`${version(process.env)}\n`);
} else {
  const set = process.env["XDG_CACHE_HOME"] ?? "";
  const folder = isAbsolute(set) ? set : join(homedir(), ".cache");
  enableCompileCache(join(folder, "chimera", "compile-cache"));
  // Called by `chimera run`, once for each session: what a person types never begins like this.
  if (argv[0] === "--keep-run" && argv[1] !== undefined) {
    const { keepRun } = await import("./run-session/keep/keep-run.ts");
    await keepRun(argv[1]);
  } else {
    const { processIo } = await import("./io.ts");
    const { run } = await import("./run.ts");
    process.exitCode = await run(argv, processIo());
  }
}
