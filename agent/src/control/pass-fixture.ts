/** SHELL. Tests only: a real nats-server that knows its users by passes, and passes of any length for its nodes. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FleetId } from "@chimera/proto/names";
import {
  signFleetAccount,
  signRoot,
  signSystemAccount,
  type FleetAccount,
} from "@chimera/proto/nats/fleet-account";
import { signPass } from "@chimera/proto/nats/pass";
import { passSettings, renderServerConfig, usualServer } from "@chimera/proto/nats/server-config";
import { generateNkey, parseNkeySeed, type NkeyKind } from "@chimera/proto/nkey";
import { freePort, natsServer } from "./nats-fixture.ts";

const make = (kind: NkeyKind) => parseNkeySeed(generateNkey(kind).seed, kind);
const nowS = (): number => Math.floor(Date.now() / 1000);

export async function startPassFixture(fleetId: FleetId) {
  const folder = mkdtempSync(join(tmpdir(), "chimera-passes-"));
  const port = await freePort();
  const issuer = make("account");
  const { account, text } = makeConfig(fleetId, { issuer: issuer.publicKey, folder, port });
  const config = join(folder, "nats.conf");
  writeFileSync(config, text);
  const server: ChildProcess = spawn(natsServer(), ["-c", config], { stdio: "ignore" });
  return {
    folder,
    url: `nats://127.0.0.1:${port}`,
    issuer,
    account,
    passOf: (nkey: string, seconds: number, name = "n1") =>
      signPass({ name, nkey, account, seconds }, issuer, nowS()),
    stop: async () => {
      server.kill("SIGKILL");
      await once(server, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function makeConfig(
  fleetId: FleetId,
  { issuer, folder, port }: { issuer: string; folder: string; port: number },
) {
  const at = { root: make("operator"), nowS: nowS() };
  const [account = "", system = "", ofSystem = ""] = [1, 2, 3].map(() => make("account").publicKey);
  const issuers: FleetAccount["issuers"] = [{ role: "node", key: issuer }];
  const limits = { memoryBytes: usualServer.maxMemoryBytes, fileBytes: usualServer.maxFileBytes };
  const fleet = { fleetId, account, issuers, revocations: {}, limits };
  const settings = passSettings(
    { ...usualServer, host: "127.0.0.1", port, storeDir: join(folder, "data") },
    {
      root: signRoot(system, at.root, at.nowS),
      account: { nkey: account, jwt: signFleetAccount(fleet, at.root, at.nowS) },
      system: { nkey: system, jwt: signSystemAccount({ account: system, issuers: [ofSystem] }, account, at) },
    },
  );
  return { account, text: renderServerConfig(settings, "test") };
}

export type PassFixture = Awaited<ReturnType<typeof startPassFixture>>;
