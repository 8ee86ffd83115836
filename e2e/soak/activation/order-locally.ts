// SHELL. Gives an order on the node itself, as root would: neither NATS nor the controller takes part.
import type { Host } from "../../lab/host.ts";

export async function orderLocally(host: Host, toplevel: string): Promise<void> {
  const argv = ["chimera", "local", "apply", toplevel, "--for", "1h", "--reason", "soak", "--no-wait"];
  await host.runChecked(argv, { timeoutMs: 20_000 });
}
