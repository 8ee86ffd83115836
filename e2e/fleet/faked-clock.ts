// SHELL. An agent whose clock is wrong. Containers share the machine's clock, so the agent's process is told another time
// by libfaketime: its wall clock only, for timers go by the monotonic one.
import type { Host } from "../lab/host/host.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { agentPid } from "./fleet-stage.ts";

const library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
const unit = "lab-agent-with-another-clock";
const agent = ["/run/current-system/sw/bin/chimera-agent", "run", "--config", "/etc/chimera/agent.json"];

/** `offset` as libfaketime takes it: `+1d`, `-20000d`. The agent runs outside its sentinel meanwhile. */
export async function withFakedClock<T>(node: Host, offset: string, action: () => Promise<T>): Promise<T> {
  const environment = {
    PATH: "/run/current-system/sw/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    LD_PRELOAD: library,
    FAKETIME: offset,
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    NO_FAKE_STAT: "1",
  };
  const settings = Object.entries(environment).map(([name, value]) => `--setenv=${name}=${value}`);
  await node.runChecked(["systemctl", "stop", "chimera-sentinel"]);
  try {
    await node.runChecked(["systemd-run", `--unit=${unit}`, ...settings, ...agent]);
    return await action();
  } finally {
    await node.run(["systemctl", "stop", unit]);
    await node.runChecked(["systemctl", "start", "chimera-sentinel"]);
  }
}

/** With its whole sentinel, so that it gets another environment and reads its configuration. */
export async function restartAgent(node: Host): Promise<void> {
  const before = await agentPid(node);
  await node.runChecked(["systemctl", "restart", "chimera-sentinel"]);
  await waitUntil(
    "a new agent",
    async () => {
      const pid = await agentPid(node);
      return pid !== undefined && pid !== before;
    },
    { timeoutMs: 30_000, everyMs: 100 },
  );
}
