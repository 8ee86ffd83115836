// SHELL. An agent whose clock is wrong. Containers share the machine's clock, so the agent's process is told another time
// by libfaketime: its wall clock only, for timers go by the monotonic one.
import type { Host } from "../lab/host.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { agentPid } from "./fleet-stage.ts";

const dropIn = "/run/systemd/system/chimera-sentinel.service.d/clock.conf";
const library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/** `offset` as libfaketime takes it: `+1d`, `-20000d`. The agent is started anew before and after. */
export async function withFakedClock<T>(node: Host, offset: string, action: () => Promise<T>): Promise<T> {
  const environment = {
    LD_PRELOAD: library,
    FAKETIME: offset,
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    NO_FAKE_STAT: "1",
  };
  const lines = Object.entries(environment).map(([name, value]) => `Environment=${name}=${value}`);
  await node.runChecked(["mkdir", "-p", dropIn.slice(0, dropIn.lastIndexOf("/"))]);
  await node.runChecked(["tee", dropIn], { input: `[Service]\n${lines.join("\n")}\n` });
  try {
    await restartAgent(node);
    return await action();
  } finally {
    await node.runChecked(["rm", dropIn]);
    await restartAgent(node);
  }
}

/** With its whole sentinel, so that it gets another environment and reads its configuration. */
export async function restartAgent(node: Host): Promise<void> {
  const before = await agentPid(node);
  await node.runChecked(["systemctl", "daemon-reload"]);
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
