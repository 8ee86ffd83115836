/** SHELL. `chimera-controller operator`: people who can release a panic straight in NATS, when no controller answers, and watch sessions there. */
import { Command } from "commander";
import { readConfig } from "../config.ts";
import { addOperator, readNodes, removeOperator } from "../files/node-file.ts";
import { configOption, examples } from "./config-option.ts";
import { note } from "./note.ts";

export function operatorCommand(): Command {
  return new Command("operator")
    .description(
      "register operators of NATS, for a panic without the controller and for watching sessions; afterwards nats-server needs its new configuration (nats-config)",
    )
    .addCommand(addCommand())
    .addCommand(removeCommand())
    .addCommand(listCommand());
}

function addCommand(): Command {
  return new Command("add")
    .description("register an operator, or give it a new nkey")
    .addOption(configOption())
    .requiredOption("--operator <name>", "name of the operator")
    .requiredOption("--nkey <U…>", "its NATS user key, from `chimera keys nats`")
    .addHelpText("after", examples("chimera-controller operator add --operator anna --nkey UA…"))
    .action(async (options: { config: string; operator: string; nkey: string }) => {
      const config = readConfig(options.config);
      const replaced = await addOperator(config.nodesFile, options);
      process.stdout.write(`${options.operator} ${replaced === undefined ? "added" : "updated"}\n`);
      await note(config, "operator-add", `${options.operator} ${options.nkey}`);
    });
}

function removeCommand(): Command {
  return new Command("remove")
    .description("take an operator out, for one who leaves or whose seed was stolen")
    .addOption(configOption())
    .requiredOption("--operator <name>", "name of the operator")
    .addHelpText("after", examples("chimera-controller operator remove --operator anna"))
    .action(async (options: { config: string; operator: string }) => {
      const { operator } = options;
      const config = readConfig(options.config);
      await removeOperator(config.nodesFile, operator);
      process.stdout.write(
        `${operator} removed; nats-server lets it in until it has its new configuration (nats-config)\n`,
      );
      await note(config, "operator-remove", operator);
    });
}

function listCommand(): Command {
  return new Command("list")
    .description("list the registered operators")
    .addOption(configOption())
    .option("--json", "as JSON")
    .addHelpText("after", examples("chimera-controller operator list --json"))
    .action((options: { config: string; json?: true }) => {
      const { operators = {} } = readNodes(readConfig(options.config).nodesFile);
      if (options.json) {
        process.stdout.write(`${JSON.stringify({ operators }, null, 2)}\n`);
        return;
      }
      for (const [operator, { nkey }] of Object.entries(operators)) {
        process.stdout.write(`${operator.padEnd(20)} ${nkey}\n`);
      }
    });
}
