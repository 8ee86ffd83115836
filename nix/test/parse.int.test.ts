/** Every Nix file that git holds, or will, is one that Nix can read. */
import { resolve } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { nixInstantiate, repository } from "./evaluate.ts";

const { stdout } = await execa({
  cwd: repository,
})`git ls-files -z --cached --others --exclude-standard *.nix`;
const files = stdout.split("\0").filter(Boolean);

test("the repository has the flake, the modules and the lab's systems", () => {
  for (const folder of ["flake.nix", "nix/modules/", "nix/pure/", "e2e/lab/os/"]) {
    expect(files.filter((file) => file.startsWith(folder))).not.toEqual([]);
  }
});

test.each(files)("%s parses", async (file) => {
  const { exitCode, stderr } = await nixInstantiate(["--parse", resolve(repository, file)]);
  expect(exitCode, stderr).toBe(0);
});

test("a file that is not Nix does not parse, so the tests above can fail", async () => {
  const { exitCode } = await nixInstantiate(["--parse", resolve(repository, "package.json")]);
  expect(exitCode).not.toBe(0);
});
