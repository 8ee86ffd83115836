// SHELL. The lab's hosts as a table on stdout.
import Table from "cli-table3";
import type { Host } from "./host/host.ts";
import type { Lab } from "./lab.ts";

export async function printStatus(lab: Lab): Promise<void> {
  const table = new Table({ head: ["host", "address", "state", "pid 1", "system"], style: { head: [] } });
  table.push(...(await Promise.all(lab.hosts.map(row))));
  process.stdout.write(`${table.toString()}\n`);
}

async function row(host: Host): Promise<string[]> {
  if (!(await host.isOn())) return [host.name, host.address, "off", "", ""];
  const state = (await host.run(["systemctl", "is-system-running"])).stdout.trim();
  const system = (await host.run(["readlink", "/run/current-system"])).stdout.trim();
  return [
    host.name,
    host.address,
    state,
    `${await host.leaderPid()}`,
    system === "" ? "plain Debian" : system,
  ];
}
