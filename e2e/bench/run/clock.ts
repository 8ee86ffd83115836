// SHELL. Starts a command again and again with its own streams, and writes how many milliseconds each took.
import { spawnSync } from "node:child_process";
import { renameSync, writeFileSync } from "node:fs";
import { z } from "zod";

const Order = z.object({
  words: z.array(z.string()).min(1),
  rounds: z.int().positive(),
  atTerminal: z.boolean(),
  out: z.string(),
  cwd: z.string(),
});

const { words, rounds, atTerminal, out, cwd } = Order.parse(JSON.parse(process.argv[2] ?? ""));
const [program = "", ...args] = words;
const samples: number[] = [];
for (let round = 0; round <= rounds; round += 1) {
  const begun = performance.now();
  const { status, stderr } = spawnSync(program, args, { cwd, stdio: atTerminal ? "inherit" : "pipe" });
  const ms = performance.now() - begun;
  if (status !== 0) throw new Error(`${words.join(" ")} ended with ${status}: ${String(stderr)}`);
  // The first one makes the environment and fills caches.
  if (round > 0) samples.push(ms);
}
writeFileSync(`${out}.new`, JSON.stringify(samples));
renameSync(`${out}.new`, out);
