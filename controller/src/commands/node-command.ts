/** SHELL. `chimera-controller node`: which machines belong to the fleet, and their keys. */
import { Command } from "commander";
import { readConfig } from "../config.ts";
import { addNode, readNodes, removeNode } from "../files/node-file.ts";
import { configOption, examples } from "./config-option.ts";
import { note } from "./note.ts";

export function nodeCommand(): Command {
  return new Command("node")
    .description("register nodes; afterwards nats-server needs its new configuration (nats-config)")
    .addCommand(addCommand())
    .addCommand(removeCommand())
    .addCommand(listCommand());
}

function addCommand(): Command {
  return new Command("add")
    .description("register a node, or give it new keys")
    .addOption(configOption())
    .requiredOption("--node <node>", "name of the node")
    .requiredOption("--nkey <U…>", "its NATS user key, from `chimera-agent identity`")
    .requiredOption("--node-key <name:base64>", "the key with which it signs, from `chimera-agent identity`")
    .option("--lead", "it may lead rollouts: hear the whole fleet and write who may go")
    .addHelpText("after", examples("chimera-controller node add --node web-1 --nkey UA… --node-key web-1:…"))
    .action(async (options: { config: string; node: string; nkey: string; nodeKey: string; lead?: true }) => {
      const config = readConfig(options.config);
      const replaced = await addNode(config.nodesFile, options);
      process.stdout.write(`${options.node} ${replaced === undefined ? "added" : "updated"}\n`);
      await note(config, "node-add", `${options.node} ${options.nkey}`);
    });
}

function removeCommand(): Command {
  return new Command("remove")
    .description("take a node out, for a machine that leaves or was stolen")
    .addOption(configOption())
    .requiredOption("--node <node>", "name of the node")
    .addHelpText("after", examples("chimera-controller node remove --node web-1"))
    .action(async (options: { config: string; node: string }) => {
      const { node } = options;
      const config = readConfig(options.config);
      const { nkey } = await removeNode(config.nodesFile, node);
      process.stdout.write(
        `${node} removed; it gets no pass any more. nats-server lets it in until it has its new configuration (nats-config), or, where it knows its users by passes: chimera nats revoke --nkey ${nkey}\n`,
      );
      await note(config, "node-remove", `${node} ${nkey}`);
    });
}

function listCommand(): Command {
  return new Command("list")
    .description("list the registered nodes")
    .addOption(configOption())
    .option("--json", "as JSON")
    .addHelpText("after", examples("chimera-controller node list --json"))
    .action((options: { config: string; json?: true }) => {
      const { nodes } = readNodes(readConfig(options.config).nodesFile);
      if (options.json) {
        process.stdout.write(`${JSON.stringify({ nodes }, null, 2)}\n`);
        return;
      }
      for (const [node, { nkey, nodeKey, lead }] of Object.entries(nodes)) {
        process.stdout.write(`${node.padEnd(20)} ${nkey} ${nodeKey}${lead === true ? " lead" : ""}\n`);
      }
    });
}
