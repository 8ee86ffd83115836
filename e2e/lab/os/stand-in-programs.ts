// SHELL. Small programs in the place of Chimera's bundles, for tests whose subject is the closure and not the agent.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Each prints its version; `agent run` also stays and shows progress, as the watchdog expects of one. */
export async function writeStandInPrograms(folder: string): Promise<string> {
  for (const name of ["agent", "controller", "chimera"]) await mkdir(join(folder, name), { recursive: true });
  const progress = `import { writeFileSync } from "node:fs";
if (process.argv[2] === "run") {
  setInterval(() => writeFileSync("/run/chimera/progress", process.hrtime.bigint() + "\\n"), 1000);
  process.on("SIGTERM", () => process.exit(0));
}
`;
  await writeFile(join(folder, "agent.mjs"), progress + hello("agent"));
  await writeFile(join(folder, "controller.mjs"), hello("controller"));
  await writeFile(join(folder, "chimera.mjs"), hello("chimera"));
  return folder;
}

function hello(name: string): string {
  return `console.log(${JSON.stringify(name)}, process.env.CHIMERA_VERSION, process.argv.slice(2).join(" "));\n`;
}
