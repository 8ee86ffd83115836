/** For tests: a script of ours in a user namespace of its own, whose limits on inotify are really exhausted. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface Limit {
  /** In /proc/sys/user. */
  name: string;
  value: string;
}

/** What each script begins and ends with; it says words as JSON, and lives until "end" or another limit comes by stdin. */
const before = `
  import { writeFileSync } from "node:fs";
  import { createInterface } from "node:readline";
  const [, folder, limitName, limitValue] = process.argv;
  const say = (word) => console.log(JSON.stringify(word));
  const limit = (value) => writeFileSync("/proc/sys/user/" + limitName, value);
  const log = { error() {}, warn() {}, info() {}, debug() {} };
  limit(limitValue);
`;
const after = `
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === "end") break;
    limit(line);
  }
  await stop();
`;

/** \`body\` defines \`stop\`. */
export function runInNamespace(body: string, folder: string, { name, value }: Limit) {
  const node = [process.execPath, "--input-type=module", "-e", before + body + after, folder, name, value];
  const child = spawn("unshare", ["--user", "--map-root-user", ...node], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const said: unknown[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => said.push(JSON.parse(line)));
  return {
    said,
    raise: () => void child.stdin.write("1000\n"),
    async end() {
      child.stdin.end("end\n");
      await once(child, "exit");
    },
  };
}
