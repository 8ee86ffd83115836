// SHELL. A machine that leads where no node does, in the lab the hub: its identity and configuration, and its unit.
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { Host } from "../lab/host/host.ts";
import type { HostFile } from "../lab/host/host-files.ts";
import { hubUrl } from "./fleet-systems.ts";
import { identityFiles } from "./make-identity.ts";

export const standInName = "stand-in";
const state = "/var/lib/chimera-stand-in";
const configFile = `${state}/stand-in.json`;

export async function standInFiles({
  fleetId,
  trustedKeys,
  token,
}: {
  fleetId: string;
  trustedKeys: Envelope;
  token: string;
}): Promise<HostFile[]> {
  const config = {
    node: standInName,
    fleetId,
    trustedKeys,
    nats: { servers: ["nats://127.0.0.1:4222"], seedFile: `${state}/nats.seed` },
    controller: { url: hubUrl, tokenFile: `${state}/token` },
    stateDir: state,
    afterSeconds: 20,
  };
  return [
    ...(await identityFiles(standInName, state)),
    { path: `${state}/token`, text: `${token}\n`, mode: 0o600 },
    { path: configFile, text: JSON.stringify(config), mode: 0o600 },
  ];
}

/** As its unit of the NixOS module runs it. */
export async function startStandIn(hub: Host): Promise<void> {
  await hub.runChecked([
    "systemd-run",
    "--quiet",
    "--unit=chimera-stand-in",
    "--property=Restart=always",
    "--property=RestartSec=1",
    "/run/current-system/sw/bin/chimera-agent",
    "stand-in",
    "--config",
    configFile,
  ]);
}
