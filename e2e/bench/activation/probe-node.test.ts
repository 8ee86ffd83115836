import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bundleProbe, recoveriesProgram, writesProgram } from "./probe-node.ts";

test("what measures inside a node is made of the agent's sources as they are", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chimera-probe-"));
  try {
    for (const [name, program] of Object.entries({ writesProgram, recoveriesProgram })) {
      const outfile = join(folder, `${name}.mjs`);
      await bundleProbe(program, outfile);
      expect(readFileSync(outfile, "utf8")).toContain("journal.json");
    }
    // The agent's own writer, which syncs.
    expect(readFileSync(join(folder, "writesProgram.mjs"), "utf8")).toContain("fsyncSync");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
