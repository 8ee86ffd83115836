/** The agent's own NAR hash against real Nix: on a real store, with every kind of name and file that a store can hold. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { hashSteps } from "../../agent/src/host/store-drift/hash-nar.ts";
import { toEnd } from "../../agent/src/host/store-drift/steps.ts";
import { walkSteps } from "../../agent/src/host/store-drift/walk-path.ts";
import { prepare } from "../../e2e/lab/prepare/prepare.ts";
import { silent } from "../../e2e/lab/report.ts";
import { toolRoot, type ToolRoot } from "../../e2e/lab/tools/tool-root.ts";

let folder: string;
let tools: ToolRoot;

beforeAll(async () => {
  await prepare(silent);
  folder = await mkdtemp(join(tmpdir(), "chimera-nar-"));
  await mkdir(join(folder, "nix"));
  tools = toolRoot({ nixDir: join(folder, "nix") });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** `$1` is a new folder to fill. */
const trees = {
  names: String.raw`cd "$1"; : > "$(printf 'a\nb')"; : > "$(printf '\377\376')"; : > "$(printf 'x%.0s' $(seq 255))"; : > ü; : > -; : > ' '`,
  order: 'cd "$1"; for n in a B _ a.b a-b ab A 1 10 2 \\~ Z z; do echo "$n" > "$n"; done',
  kinds:
    'cd "$1"; mkdir -p empty deep/er; ln -s /etc/shadow l; ln -s ../x deep/l; echo x > deep/er/p; chmod 755 deep/er/p; : > none',
  sizes:
    'cd "$1"; for n in 0 1 7 8 9 4095 4096 65535 65536 262143 262144 262145 5000001; do head -c $n /dev/urandom > f$n; done',
  many: 'cd "$1"; for i in $(seq 300); do mkdir d$i; for k in 1 2 3; do echo $i > d$i/$k; done; done',
  file: 'rmdir "$1"; echo one > "$1"',
  program: 'rmdir "$1"; echo "#!/bin/sh" > "$1"; chmod 755 "$1"',
  link: 'rmdir "$1"; ln -s nowhere "$1"',
} as const;

const Info = z.record(z.string(), z.object({ narHash: z.string(), narSize: z.number() }));

test.each(Object.entries(trees))(
  "%s: hash, size and what Nix leaves are as Nix says",
  async (name, script) => {
    const program = `set -eu; mkdir ${name}; set -- "$PWD/${name}"; ${script}; nix-store --add "$1"`;
    const path = (await tools.runChecked(["sh", "-c", program], { cwd: folder })).trim();
    const info = ["nix", "--extra-experimental-features", "nix-command", "path-info", "--json", path];
    const expected = Info.parse(JSON.parse(await tools.runChecked(info)))[path];
    const free = { narSize: 1e12 };
    const real = join(folder, path);
    const hashed = toEnd(hashSteps(real, free));
    expect(hashed).toMatchObject({ kind: "hashed", size: expected?.narSize });
    const sri = hashed.kind === "hashed" ? Buffer.from(hashed.sha256, "hex").toString("base64") : "";
    expect(`sha256-${sri}`).toBe(expected?.narHash);
    const walked = toEnd(walkSteps(real, { ...free, uid: process.geteuid?.() ?? 0 }));
    expect(walked).toMatchObject({ kind: "seen", narSize: expected?.narSize, metadata: null, foreign: null });
  },
);
