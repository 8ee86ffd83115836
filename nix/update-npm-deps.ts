/**
 * SHELL. Writes nix/npm-deps.json: what `npm ci` unpacks for each system, as the hash that Nix will ask for.
 * Run after every change of package-lock.json: `node nix/update-npm-deps.ts`. Nix comes from PATH or from the lab.
 */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { execa } from "execa";
import { toolCommand } from "../e2e/lab/tools/tool-command.ts";

const root = resolve(import.meta.dirname, "..");
const workspaces = ["proto", "agent", "controller", "cli", "e2e"];
const manifests = ["package.json", "package-lock.json", ...workspaces.map((name) => `${name}/package.json`)];
const systems = { "x86_64-linux": "x64", "aarch64-linux": "arm64" };

/** As in nix/package.nix: no script of a package runs, and the platform is the target's, not ours. */
async function hashFor(cpu: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "chimera-npm-"));
  try {
    for (const file of manifests) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      cpSync(join(root, file), join(folder, file));
    }
    const quiet = ["--ignore-scripts", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
    const platform = ["--os=linux", `--cpu=${cpu}`, "--libc=glibc"];
    await execa("npm", ["ci", ...quiet, ...platform], { cwd: folder });
    rmSync(join(folder, "node_modules/.package-lock.json"));
    const [program = "nix", ...first] = toolCommand("nix");
    const nix = [...first, "--extra-experimental-features", "nix-command"];
    const { stdout } = await execa(program, [...nix, "hash", "path", join(folder, "node_modules")]);
    return stdout.trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const hashes: Record<string, string> = {};
for (const [system, cpu] of Object.entries(systems)) {
  hashes[system] = await hashFor(cpu);
  process.stdout.write(`${system} ${hashes[system]}\n`);
}
const lock = readFileSync(join(root, "package-lock.json"));
const lockSha256 = createHash("sha256").update(lock).digest("hex");
const text = `${JSON.stringify({ lockSha256, hashes }, null, 2)}\n`;
writeFileSync(join(root, "nix/npm-deps.json"), text);
