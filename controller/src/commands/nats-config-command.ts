/** SHELL. `chimera-controller nats-config`: prints, changes nothing. */
import { Command } from "commander";
import { readConfig } from "../config.ts";
import { readNodes } from "../files/node-file.ts";
import { renderNatsConfig } from "../nats-config.ts";
import { readNatsSeed } from "../store/nats-seed.ts";
import { configOption, examples } from "./config-option.ts";

export function natsConfigCommand(): Command {
  return new Command("nats-config")
    .description(
      "print the nats-server configuration for the registered nodes (needs nats-server 2.14.3 or newer)",
    )
    .addOption(configOption())
    .addHelpText(
      "after",
      examples(
        "chimera-controller nats-config > /etc/nats-server.conf",
        "nats-server -t -c /etc/nats-server.conf    # check it",
        "nats-server --signal reload                # after `node add` and `operator add`",
      ),
    )
    .action((options: { config: string }) => {
      const config = readConfig(options.config);
      const { publicKey } = readNatsSeed(config.nats.seedFile);
      const { nodes, operators } = readNodes(config.nodesFile);
      process.stdout.write(renderNatsConfig({ config, controllerNkey: publicKey, nodes, operators }));
    });
}
