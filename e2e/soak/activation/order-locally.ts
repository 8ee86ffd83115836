// SHELL. Gives an order on the node itself, as root would: neither NATS nor the controller takes part.
import { waitUntil } from "../../lab/wait-until.ts";
import type { Host } from "../../lab/host/host.ts";

/** `chimera local` says this while no agent answers: one that makes room for its successor is back in a second or two. */
const noAgent = 69;

export async function orderLocally(host: Host, toplevel: string): Promise<void> {
  const argv = ["chimera", "local", "apply", toplevel, "--for", "1h", "--reason", "soak", "--no-wait"];
  await waitUntil(
    `${host.name} takes an order`,
    async () => {
      const { code, stderr } = await host.run(argv, { timeoutMs: 20_000 });
      if (code !== 0 && code !== noAgent) throw new Error(`${host.name}: exit ${code}: ${stderr}`);
      return code === 0;
    },
    { timeoutMs: 60_000, everyMs: 200 },
  );
}
