/** SHELL. For tests: one more person of a fleet, with a home, a publish key and a state folder of his own. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { generateKey } from "@chimera/proto/signed/keys";
import { execa } from "execa";
import type { DevFleet } from "./dev-fleet.ts";

const main = resolve(import.meta.dirname, "../src/main.ts");

export async function createColleague({ home }: Pick<DevFleet, "home">, name: string) {
  const own = join(home, name);
  const config = join(own, ".config", "chimera");
  await mkdir(config, { recursive: true });
  const key = generateKey(`${name}-publish`);
  const keyFile = join(own, "publish.key");
  await writeFile(keyFile, `${key.secret}\n`, { mode: 0o600 });
  const text = await readFile(join(home, ".config", "chimera", "config.toml"), "utf8");
  const others = text.replaceAll(/^(?:publish|panic|order|root)KeyFile.*\n/gmu, "");
  await writeFile(
    join(config, "config.toml"),
    others.replace(/^(fleetId.*)$/mu, `$1\npublishKeyFile = "${keyFile}"`),
  );
  return {
    home: own,
    publicKey: key.public,
    async chimera(...args: string[]) {
      const { exitCode, stdout, stderr } = await execa(process.execPath, [main, ...args], {
        env: { HOME: own, PATH: process.env["PATH"] ?? "", USER: name },
        extendEnv: false,
        reject: false,
        cwd: own,
      });
      return { code: exitCode, out: stdout, err: stderr };
    },
  };
}

export type Colleague = Awaited<ReturnType<typeof createColleague>>;
