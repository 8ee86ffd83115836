/** PURE. The configuration of nats-server: allow-lists per nkey, no anonymous user, data synced before it is acknowledged. */
import { leadPermissions, nodePermissions, operatorPermissions } from "@chimera/proto/permissions";
import { buckets, subjects } from "@chimera/proto/subjects";
import type { ControllerConfig } from "./config.ts";
import type { NodeFile } from "./files/node-file.ts";

export const controllerInbox = "_INBOX_controller";

export interface NatsConfigInput {
  config: Pick<ControllerConfig, "fleetId" | "natsServer">;
  controllerNkey: string;
  nodes: NodeFile["nodes"];
  operators?: NodeFile["operators"];
}

/** One `key: JSON` a line, which is legal in nats-server's format and cannot be broken out of by a value. */
export function renderNatsConfig({ config, controllerNkey, nodes, operators = {} }: NatsConfigInput): string {
  const { host, port, storeDir, maxMemoryBytes, maxFileBytes } = config.natsServer;
  const settings = {
    server_name: "chimera",
    host,
    port,
    jetstream: {
      store_dir: storeDir,
      // JetStream acknowledges before fsync by default: a power cut would lose heads that were confirmed.
      sync_interval: "always",
      max_memory_store: maxMemoryBytes,
      max_file_store: maxFileBytes,
    },
    max_payload: 2 << 20,
    write_deadline: "10s",
    ping_interval: "20s",
    ping_max: 2,
    // A thousand agents that come back at once sign for longer than the default of 2 s.
    authorization: {
      timeout: 10,
      users: [controllerUser(controllerNkey, config.fleetId), ...nodeUsers(), ...operatorUsers()],
    },
  };
  function nodeUsers() {
    return Object.entries(nodes)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([node, { nkey, lead }]) => {
        const permissions = lead === true ? leadPermissions : nodePermissions;
        return { nkey, permissions: permissions(config.fleetId, node) };
      });
  }
  function operatorUsers() {
    return Object.values(operators).map(({ nkey }) => ({
      nkey,
      permissions: operatorPermissions(config.fleetId, nkey),
    }));
  }
  const lines = Object.entries(settings).map(([key, value]) => `${key}: ${JSON.stringify(value, null, 2)}`);
  return `# Written by chimera-controller nats-config; nodes and operators are added with chimera-controller node add and operator add.\n${lines.join("\n")}\n`;
}

function controllerUser(nkey: string, fleet: string) {
  return {
    nkey,
    permissions: {
      publish: {
        allow: [
          "$JS.API.>",
          `$KV.${buckets.desired}.>`,
          subjects.audit(fleet),
          subjects.build(fleet, "*"),
          subjects.cmd(fleet, "*"),
          subjects.sessionKeys(fleet, "*", "*"),
        ],
      },
      subscribe: {
        allow: [`${controllerInbox}.>`, `$KV.${buckets.status}.>`, `chimera.${fleet}.>`],
      },
    },
  };
}
