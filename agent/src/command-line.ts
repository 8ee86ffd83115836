/** The agent's arguments as a command; hardware-facts and store-worker are what the agent runs as its own children, store-repair in a unit. */
import { parseArgs } from "node:util";
import { ChimeraError } from "@chimera/proto/errors";
import { Digest, NodeName } from "@chimera/proto/names";

const usage = `usage: chimera-agent run [--config FILE]               keep this node in its signed state
       chimera-agent identity --dir DIR --node NAME    make the node's keys where missing, print the public ones
       chimera-agent check [--config FILE]             say whether "run" would start, and start nothing
       chimera-agent recover [--config FILE]           finish or undo what the journal says was interrupted; no network
       chimera-agent gate [--config FILE]              wait until a system that was booted to prove itself has done so
       chimera-agent dead-man --order ID [--config FILE]   undo this order, if it is still unproven
       chimera-agent lead --order ID [--config FILE]   drive the rollout of this head, or stand by to take over
       chimera-agent stand-in --config FILE            lead where no node does, on a machine that is none
       chimera-agent deliver [--config FILE]           hand a bundle of signed documents from standard input to the agent
       chimera-agent report [--config FILE]            what the agent has accepted and signs of itself, as JSON
       chimera-agent follow SERIAL [--json] [--config FILE]   show how far this node is with a head or its panic
       chimera-agent status [--config FILE]            what the files of this node say, as JSON
       chimera-agent version`;

export type Command =
  | { kind: "run"; configFile: string }
  | { kind: "check"; configFile: string }
  | { kind: "recover"; configFile: string }
  | { kind: "gate"; configFile: string }
  | { kind: "status"; configFile: string }
  | { kind: "stand-in"; configFile: string }
  | { kind: "deliver"; configFile: string }
  | { kind: "report"; configFile: string }
  | { kind: "follow"; configFile: string; serial: number; json: boolean }
  | { kind: "lead"; configFile: string; order: Digest }
  | { kind: "dead-man"; configFile: string; order: Digest }
  | { kind: "identity"; dir: string; node: NodeName }
  | { kind: "hardware-facts"; node: NodeName }
  | { kind: "store-worker" }
  | { kind: "store-repair"; dir: string }
  | { kind: "version" };

/** Throws usage, or input-invalid for a wrong value. */
export function parseCommand(argv: string[]): Command {
  const { values, positionals } = parse(argv);
  const [command = "", ...words] = positionals;
  const extra = command === "follow" ? words[1] : words[0];
  if (extra !== undefined) throw new ChimeraError("usage", `unexpected "${extra}"\n${usage}`);
  const read = Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (read === undefined) throw new ChimeraError("usage", usage);
  return read(values, words[0]);
}

type Values = ReturnType<typeof parse>["values"];

const commands: Record<string, (values: Values, word: string | undefined) => Command> = {
  run: ({ config }) => ({ kind: "run", configFile: config }),
  check: ({ config }) => ({ kind: "check", configFile: config }),
  recover: ({ config }) => ({ kind: "recover", configFile: config }),
  gate: ({ config }) => ({ kind: "gate", configFile: config }),
  "stand-in": ({ config }) => ({ kind: "stand-in", configFile: config }),
  status: ({ config }) => ({ kind: "status", configFile: config }),
  deliver: ({ config }) => ({ kind: "deliver", configFile: config }),
  report: ({ config }) => ({ kind: "report", configFile: config }),
  follow: ({ config, json }, word) => ({ kind: "follow", configFile: config, serial: serialOf(word), json }),
  lead: ({ config, order }) => ({ kind: "lead", configFile: config, order: digest(order) }),
  "dead-man": ({ config, order }) => ({ kind: "dead-man", configFile: config, order: digest(order) }),
  identity: ({ dir, node }) => ({ kind: "identity", dir: required(dir, "--dir"), node: nodeName(node) }),
  "hardware-facts": ({ node }) => ({ kind: "hardware-facts", node: nodeName(node) }),
  "store-worker": () => ({ kind: "store-worker" }),
  "store-repair": ({ dir }) => ({ kind: "store-repair", dir: required(dir, "--dir") }),
  version: () => ({ kind: "version" }),
};

function parse(argv: string[]) {
  const options = {
    config: { type: "string", default: "/etc/chimera/agent.json" },
    dir: { type: "string" },
    node: { type: "string" },
    order: { type: "string" },
    json: { type: "boolean", default: false },
  } as const;
  try {
    return parseArgs({ args: argv, options, allowPositionals: true });
  } catch (cause) {
    throw new ChimeraError("usage", usage, { cause });
  }
}

function required(value: string | undefined, name: string): string {
  if (value === undefined) throw new ChimeraError("usage", `${name} is missing\n${usage}`);
  return value;
}

function serialOf(word: string | undefined): number {
  const serial = Number(word);
  if (word !== undefined && /^[1-9]\d{0,14}$/.test(word)) return serial;
  throw new ChimeraError("usage", `follow: the serial of a head is missing\n${usage}`);
}

function nodeName(text: string | undefined): NodeName {
  const result = NodeName.safeParse(required(text, "--node"));
  if (result.success) return result.data;
  throw new ChimeraError("input-invalid", `--node: ${result.error.issues[0]?.message ?? "not a node name"}`);
}

function digest(text: string | undefined): Digest {
  const result = Digest.safeParse(required(text, "--order"));
  if (result.success) return result.data;
  throw new ChimeraError("input-invalid", `--order: ${result.error.issues[0]?.message ?? "not a digest"}`);
}
