// SHELL. The lab as scenarios, tests and benches use it: up, found again, down.
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { ChimeraError } from "@chimera/proto/errors";
import { down, downUnlessInUse } from "./down.ts";
import { writeHostFiles } from "./host/host-files.ts";
import { makeHost } from "./host/host.ts";
import type { Host } from "./host/host.ts";
import { planHosts } from "./host/host-spec.ts";
import type { HostSpec } from "./host/host-spec.ts";
import { claimLab, hostFolder, otherLabs, permitFile, readState, writeState } from "./lab-state.ts";
import type { HostRecord, LabState } from "./lab-state.ts";
import { freeSubnet, machineAddress, makeBridge } from "./kernel/network.ts";
import { prepare } from "./prepare/prepare.ts";
import { bootId, ownIdentity } from "./kernel/process-identity.ts";
import { silent } from "./report.ts";
import type { Report } from "./report.ts";
import { runEntries } from "./run-leftovers.ts";
import { makeSshKeys } from "./host/ssh-keys.ts";
import type { SshKeys } from "./host/ssh-keys.ts";
import { startRunner } from "./host/start-runner.ts";
import { raiseSysctls, sysctlsToRaise } from "./kernel/sysctls.ts";
import { doorFiles } from "./vm/door.ts";
import { makeDisks } from "./vm/make-disks.ts";
import { makeVmHost } from "./vm/make-vm-host.ts";
import { startVm } from "./vm/start-vm.ts";
import { ensureVmBase } from "./vm/vm-base.ts";

export type Lab = {
  readonly hosts: readonly Host[];
  readonly nodes: readonly Host[];
  /** This machine's own address on the lab's network. */
  readonly machineAddress: string;
  host(name: string): Host;
};

export type UpOptions = {
  readonly hosts: readonly HostSpec[];
  readonly report?: Report;
  /** `refuse` leaves a lab that is up as it is and is an error; `replace` takes it down first. */
  readonly whenUp?: "replace" | "refuse";
  /** From `freeSubnet()`, where systems that carry addresses were built before. */
  readonly subnet?: string;
};

export async function up(options: UpOptions): Promise<Lab> {
  const report = options.report ?? silent;
  const rootfs = await prepare(report);
  const hasVms = options.hosts.some(({ vm }) => vm !== undefined);
  const vmRootfs = hasVms ? { vmRootfs: (await ensureVmBase(report)).rootfs } : {};
  await clearTheWay(options.whenUp ?? "replace", report);
  await claimLab();
  try {
    return await start(await plan(options, { rootfs, ...vmRootfs }), options.hosts, report);
  } catch (cause) {
    await down(report);
    throw cause;
  }
}

/** Written down before anything is done. */
async function plan(
  options: UpOptions,
  rootfs: { readonly rootfs: string; readonly vmRootfs?: string },
): Promise<LabState> {
  const subnet = options.subnet ?? (await freeSubnet());
  const state: LabState = {
    v: 1,
    id: randomBytes(8).toString("hex"),
    phase: "starting",
    owner: ownIdentity(),
    bootId: bootId(),
    subnet,
    sysctls: await sysctlsBefore(),
    runBefore: await runEntries(),
    hosts: planHosts(options.hosts, { subnet, ...rootfs }),
  };
  await writeState(state);
  return state;
}

/** Another lane's lab may have raised them already: it wrote down what they were. */
async function sysctlsBefore(): Promise<Record<string, string>> {
  const others = await Promise.all(otherLabs().map((folder) => readState(folder)));
  return Object.assign(await sysctlsToRaise(), ...others.map((state) => state?.sysctls));
}

/** Ends a lab that nobody uses any more; with `refuse` one whose hosts still run is an error. */
export async function clearTheWay(whenUp: "replace" | "refuse", report: Report): Promise<void> {
  const found = await find();
  const on = found === undefined ? [] : await Promise.all(found.hosts.map((host) => host.isOn()));
  if (whenUp === "refuse" && on.includes(true)) {
    throw new ChimeraError("write-conflict", "a lab is already up: end it with `npm run lab -- down`");
  }
  await downUnlessInUse(report);
}

async function start(state: LabState, specs: readonly HostSpec[], report: Report): Promise<Lab> {
  await raiseSysctls(state.sysctls);
  await makeBridge(state.subnet);
  const keys = await makeSshKeys(state.hosts.map((host) => host.name));
  for (const host of state.hosts) {
    const spec = specs.find((one) => one.name === host.name);
    await makeHostFolder(host, { spec, all: state.hosts, keys });
  }
  await writeFile(permitFile(), "");
  report(`booting ${state.hosts.map((host) => host.name).join(" ")}`);
  const lab = labOf(state);
  // All of them settled before anybody cleans up after the one that failed.
  const starts = await Promise.allSettled(state.hosts.map(switchOn));
  for (const outcome of starts) if (outcome.status === "rejected") throw outcome.reason;
  await Promise.all(
    lab.hosts.map(async (host) => {
      await host.waitRunning();
      report(`${host.name} is running (${host.address})`);
    }),
  );
  await writeState({ ...state, phase: "up" });
  return lab;
}

async function makeHostFolder(
  host: HostRecord,
  { spec, all, keys }: { spec: HostSpec | undefined; all: readonly HostRecord[]; keys: SshKeys },
): Promise<void> {
  const door = host.vm === undefined ? [] : doorFiles(host.name, keys);
  const toplevel = spec?.toplevel;
  await mkdir(hostFolder(host.name), { recursive: true });
  await writeHostFiles({ host, all, keys, toplevel, extra: [...(spec?.files ?? []), ...door] });
  if (host.vm !== undefined) await makeDisks(host, host.vm, toplevel);
}

function switchOn(record: HostRecord): Promise<void> {
  return record.vm === undefined ? startRunner(record) : startVm(record, record.vm);
}

/** The lab that is up on this machine, whoever brought it up. */
export async function find(): Promise<Lab | undefined> {
  const state = await readState();
  return state === undefined ? undefined : labOf(state);
}

export async function requireLab(): Promise<Lab> {
  const state = await readState();
  if (state === undefined)
    throw new ChimeraError("not-found", "no lab is up: start one with `npm run lab -- up`");
  if (state.bootId === bootId()) return labOf(state);
  throw new ChimeraError(
    "not-found",
    "this machine was rebooted since the lab was up: remove what is left with `npm run lab -- down`",
  );
}

function labOf(state: LabState): Lab {
  const hosts = state.hosts.map((record) =>
    record.vm === undefined ? makeHost(record) : makeVmHost(record, record.vm),
  );
  return {
    hosts,
    nodes: hosts.filter((host) => host.kind === "node"),
    machineAddress: machineAddress(state.subnet),
    host: (name) => {
      const found = hosts.find((host) => host.name === name);
      if (found !== undefined) return found;
      const names = hosts.map((host) => host.name).join(", ");
      throw new ChimeraError("node-unknown", `the lab has no host ${name}: it has ${names}`);
    },
  };
}
