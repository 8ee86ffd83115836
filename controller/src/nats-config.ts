/** PURE. The configuration of nats-server with a list of nkeys: an allow-list for each, no anonymous user. */
import { commonSettings, loginSeconds, renderServerConfig } from "@chimera/proto/nats/server-config";
import {
  controllerPermissions,
  leadPermissions,
  nodePermissions,
  operatorPermissions,
} from "@chimera/proto/permissions";
import type { ControllerConfig } from "./config.ts";
import type { NodeFile } from "./files/node-file.ts";

export interface NatsConfigInput {
  config: Pick<ControllerConfig, "fleetId" | "natsServer">;
  controllerNkey: string;
  nodes: NodeFile["nodes"];
  operators?: NodeFile["operators"];
}

export function renderNatsConfig({ config, controllerNkey, nodes, operators = {} }: NatsConfigInput): string {
  const { fleetId, natsServer } = config;
  const controller = { nkey: controllerNkey, permissions: controllerPermissions(fleetId) };
  const settings = {
    ...commonSettings(natsServer),
    authorization: { timeout: loginSeconds, users: [controller, ...nodeUsers(), ...operatorUsers()] },
  };
  function nodeUsers() {
    return Object.entries(nodes)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([node, { nkey, lead }]) => {
        const permissions = lead === true ? leadPermissions : nodePermissions;
        return { nkey, permissions: permissions(fleetId, node) };
      });
  }
  function operatorUsers() {
    return Object.values(operators).map(({ nkey }) => ({
      nkey,
      permissions: operatorPermissions(fleetId, nkey),
    }));
  }
  return renderServerConfig(
    settings,
    "Written by chimera-controller nats-config; nodes and operators are added with chimera-controller node add and operator add.",
  );
}
