// SHELL. Processes full of agents: started, asked for their CPU time, ended.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { z } from "zod";

const program = join(import.meta.dirname, "../../../agent/src/crowd/main.ts");
const Facts = z.object({ cpuMs: z.number(), rssMb: z.number() });

export interface Crowd {
  /** Of all processes together. */
  facts: () => Promise<z.infer<typeof Facts>>;
  stop: () => Promise<void>;
}

export function startCrowd(plans: readonly string[]): Crowd {
  // A heap that fits its agents, so that collecting garbage costs what it costs one agent.
  const execArgv = ["--max-semi-space-size=16"];
  const processes = plans.map((plan) =>
    fork(program, [plan], { execArgv, stdio: ["ignore", "ignore", "inherit", "ipc"] }),
  );
  return {
    facts: async () => {
      const all = await Promise.all(processes.map(factsOf));
      return {
        cpuMs: all.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
        rssMb: all.reduce((sum, { rssMb }) => sum + rssMb, 0),
      };
    },
    stop: async () => {
      await Promise.all(
        processes.map(async (process_) => {
          if (process_.exitCode !== null || process_.signalCode !== null) return;
          process_.kill("SIGKILL");
          await once(process_, "exit");
        }),
      );
    },
  };
}

async function factsOf(crowd: ChildProcess): Promise<z.infer<typeof Facts>> {
  const answer = once(crowd, "message");
  crowd.send({ kind: "facts" });
  const [message] = await answer;
  return Facts.parse(message);
}
