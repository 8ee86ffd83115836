// SHELL. Runs on a lab node: puts a file in the place of every link of a folder, each in one step, and says how many.
import { mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { z } from "zod";

const { root } = z.object({ root: z.string() }).parse(JSON.parse(await text(process.stdin)));
const links = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) =>
  entry.isSymbolicLink(),
);
const prepared = "/etc/.storm";
mkdirSync(prepared, { recursive: true });
const moves = links.map((link, index) => {
  const from = join(prepared, `${index}`);
  writeFileSync(from, `changed ${index}\n`);
  return { from, to: join(link.parentPath, link.name) };
});
// All at once, as far as one process can.
for (const { from, to } of moves) renameSync(from, to);
process.stdout.write(`${moves.length}\n`);
