/** SHELL. `chimera nats`: the keys by which nats-server knows who is who, where it knows its users by passes. */
import { Option, type Command } from "commander";
import { issuerRoles } from "@chimera/proto/nats/issuers";
import type { Io } from "../../io.ts";
import { examples } from "../../parse-options.ts";

export function define(command: Command, io: Io): void {
  command.addHelpText(
    "after",
    examples([
      "chimera nats pass --role operator --name anna --nkey UA… > anna.pass",
      "chimera nats revoke --nkey UA… && chimera nats push --server nats://hub:4222",
    ]),
  );
  defineMade(command, io);
  definePass(command, io);
  defineRotate(command, io);
  definePush(command, io);
}

function defineMade(command: Command, io: Io): void {
  inFolder(command.command("init"))
    .description("Make the NATS keys of a fleet that there is already.")
    .addHelpText("after", examples(["chimera nats init"]))
    .action(async (options: unknown) => (await import("./nats/init.ts")).init(io, options));
  inFolder(command.command("config"))
    .description("Print the configuration of nats-server (2.14.3 or newer).")
    .option("--host <address>", "where it listens", "0.0.0.0")
    .option("--port <n>", "where it listens", "4222")
    .option("--store-dir <path>", "where it keeps its data", "/var/lib/nats")
    .addHelpText(
      "after",
      examples(["chimera nats config > nats-server.conf", "nats-server -t -c nats-server.conf"]),
    )
    .action(async (options: unknown) => (await import("./nats/config.ts")).config(io, options));
  inFolder(command.command("show"))
    .description("Show the issuers and what is revoked.")
    .option("--json", "print JSON, for programs")
    .addHelpText("after", examples(["chimera nats show"]))
    .action(async (options: unknown) => (await import("./nats/show.ts")).show(io, options));
}

function definePass(command: Command, io: Io): void {
  inFolder(command.command("pass"))
    .description("Print a pass for an nkey: what it may do is said by its role, until it ends.")
    .addOption(new Option("--role <role>", "as what").choices(issuerRoles).makeOptionMandatory())
    .requiredOption("--name <name>", "of a node or lead its name in the fleet")
    .requiredOption("--nkey <U…>", "public half of the seed (chimera-agent identity, chimera keys nats)")
    .option("--days <n>", "until when (default: 1 for a node, 30 for a lead, 90 for others)")
    .addHelpText(
      "after",
      examples([
        "chimera nats pass --role controller --name controller --nkey UA… > controller.pass",
        "chimera nats pass --role lead --name hub --nkey UA… --days 90 > nats.pass",
      ]),
    )
    .action(async (options: unknown) => (await import("./nats/pass.ts")).pass(io, options));
}

function defineRotate(command: Command, io: Io): void {
  signing(command.command("revoke"))
    .description("Make void every pass of an nkey that was made until now.")
    .requiredOption("--nkey <U…>", "whose")
    .addHelpText(
      "after",
      examples(["chimera nats revoke --nkey UA…", "chimera nats push --server nats://hub:4222"]),
    )
    .action(async (options: unknown) => (await import("./nats/change.ts")).revokeNkey(io, options));
  signing(command.command("rotate"))
    .description("Make a new issuer (or root) beside the one in use, which counts until it is dropped.")
    .addOption(issuerOption())
    .addHelpText(
      "after",
      examples(["chimera nats rotate --issuer node", "chimera nats rotate --issuer root"]),
    )
    .action(async (options: unknown) => (await import("./nats/change.ts")).rotate(io, options));
  signing(command.command("drop"))
    .description("Take the older issuer of a role away: passes that it made are void.")
    .addOption(issuerOption())
    .addHelpText("after", examples(["chimera nats drop --issuer node"]))
    .action(async (options: unknown) => (await import("./nats/change.ts")).drop(io, options));
  signing(command.command("sign"))
    .description("Sign the accounts anew: after an update of Chimera, whose roles may do other things.")
    .addHelpText("after", examples(["chimera nats sign && chimera nats push --server nats://hub:4222"]))
    .action(async (options: unknown) => (await import("./nats/change.ts")).sign(io, options));
}

function definePush(command: Command, io: Io): void {
  inFolder(command.command("push"))
    .description("Hand the accounts over to nats-server, which goes on without a restart.")
    .requiredOption("--server <url>", "nats://HOST:4222")
    .addHelpText("after", examples(["chimera nats push --server nats://hub:4222"]))
    .action(async (options: unknown) => (await import("./nats/push.ts")).push(io, options));
}

function signing(command: Command): Command {
  return inFolder(command).option(
    "--root-seed <file>",
    "where root.seed is, when it is kept away from the folder",
  );
}

function inFolder(command: Command): Command {
  return command
    .option("-c, --context <name>", "fleet to work on (default: the current context)")
    .option(
      "--dir <path>",
      "folder with the NATS keys (default: keys/CONTEXT/nats beside the configuration)",
    );
}

function issuerOption(): Option {
  return new Option("--issuer <name>", "which")
    .choices([...issuerRoles, "system", "root"])
    .makeOptionMandatory();
}
