/** SHELL. `chimera doctor [KIND...]`: what is wrong with the machine it runs on, why that matters and how it is mended. */
import { access } from "node:fs/promises";
import { ChimeraError } from "@chimera/proto/errors";
import type { Command } from "commander";
import { z } from "zod";
import { contextFilePath } from "../../context/context-file.ts";
import { gatherController } from "../../doctor/gather/gather-controller.ts";
import { gatherNode } from "../../doctor/gather/gather-node.ts";
import { gatherOperator } from "../../doctor/gather/gather-operator.ts";
import type { Found } from "../../doctor/judge/found.ts";
import { judgeControllerHost } from "../../doctor/judge/judge-controller-host.ts";
import { judgeNode } from "../../doctor/judge/judge-node.ts";
import { judgeOperator } from "../../doctor/judge/judge-operator.ts";
import { notRoot } from "../../doctor/judge/not-root.ts";
import type { Io } from "../../io.ts";
import { addFleetOptions, FleetOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { doctorText } from "../../print/doctor/doctor-text.ts";
import { printableJson } from "../../print/printable.ts";

const kinds = ["node", "controller", "operator"] as const;
const Kinds = z.array(z.enum(kinds)).max(8);
const path = z.string().min(1).max(4096);
const Options = FleetOptions.extend({
  agentConfig: path.default("/etc/chimera/agent.json"),
  controllerConfig: path.default("/etc/chimera/controller.json"),
  file: path.optional(),
});
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  addFleetOptions(command)
    .argument("[kinds...]", `what this machine is: ${kinds.join(", ")} (default: what it looks like)`)
    .description("Check the machine that this is typed on, and say of each thing how to mend it.")
    .option("--agent-config <file>", "of a node (default: /etc/chimera/agent.json)")
    .option("--controller-config <file>", "of a controller (default: /etc/chimera/controller.json)")
    .option("-f, --file <file>", "an operator's project file (default: the next chimera.toml)")
    .addHelpText(
      "after",
      examples([
        "chimera doctor",
        "sudo chimera doctor node",
        "chimera doctor operator --json | jq '.findings[] | select(.level != \"ok\")'",
      ]),
    )
    .action(async (typed: unknown, options: unknown) => {
      const wanted = Kinds.safeParse(typed);
      if (!wanted.success) throw new ChimeraError("usage", `a machine is ${kinds.join(", ")}`);
      await doctor(io, wanted.data, parseOptions(Options, options));
    });
}

type Kind = (typeof kinds)[number];

async function doctor(io: Io, typed: readonly Kind[], options: Options): Promise<void> {
  const wanted = typed.length > 0 ? typed : await looksLike(io, options);
  const findings = [];
  for (const role of kinds.filter((kind) => wanted.includes(kind))) {
    findings.push(...(await check[role](io, options)).map((found) => ({ role, ...found })));
  }
  const failed = findings.some(({ level }) => level === "fail");
  if (options.json) io.out(`${printableJson({ ok: !failed, findings }, 2)}\n`);
  else io.out(doctorText(findings, io.paint));
  if (failed) io.result.code = 1;
}

const check: Record<Kind, (io: Io, options: Options) => Promise<Found[]>> = {
  async node(io, { agentConfig }) {
    const facts = await gatherNode(io, agentConfig);
    return [...notRoot(facts), ...judgeNode(facts)];
  },
  async controller(io, { controllerConfig }) {
    const facts = await gatherController(io, controllerConfig);
    return [...notRoot(facts), ...judgeControllerHost(facts)];
  },
  async operator(io, { context, file }) {
    return judgeOperator(await gatherOperator(io, { context, file }), process.getuid?.() ?? 0);
  },
};

async function looksLike(io: Io, { agentConfig, controllerConfig }: Options): Promise<Kind[]> {
  const files: [Kind, string][] = [
    ["node", agentConfig],
    ["controller", controllerConfig],
    ["operator", contextFilePath(io)],
  ];
  const there = await Promise.all(
    files.map(async ([kind, file]) =>
      access(file).then(
        () => [kind],
        () => [],
      ),
    ),
  );
  const found = there.flat();
  return found.length > 0 ? found : ["operator"];
}
