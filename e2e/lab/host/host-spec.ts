// SHELL. Which hosts a lab shall have, and what of it goes into the state file.
import { ChimeraError } from "@chimera/proto/errors";
import type { HostFile } from "./host-files.ts";
import { HostName } from "../lab-state.ts";
import type { HostKind, HostRecord } from "../lab-state.ts";
import { hostAddress } from "../kernel/network.ts";
import type { Bind } from "../tools/tool-root.ts";
import { VmSpec } from "../vm/vm-spec.ts";
import type { VmOptions } from "../vm/vm-spec.ts";

export type HostSpec = {
  readonly name: string;
  readonly kind: HostKind;
  /** A folder that holds nix/ (and whatever else): a layer between the root filesystem and the host's own. Not to be
   * changed while the lab is up. */
  readonly seed?: string;
  /** The system it boots, a store path that the seed holds. Without one the host is plain Debian. */
  readonly toplevel?: string;
  readonly files?: readonly HostFile[];
  /** Read-only, from this machine. */
  readonly binds?: readonly Bind[];
  /** Makes it a VM, whose system then needs `boot`; `{}` is the usual one. */
  readonly vm?: VmOptions;
};

const maxNodes = 100;

/** A gigabyte of memory each. */
const maxVms = 8;

/** `hub`, `n1` …, the VMs `v1` … and `ws`, all plain Debian: provisioning adds seeds and systems. */
export function usualHosts(nodes: number, vms: number | readonly VmOptions[] = 0): HostSpec[] {
  const containers = numbered("n", checkedCount("--nodes", nodes, maxNodes));
  const options = typeof vms === "number" ? [] : vms;
  const count = typeof vms === "number" ? vms : vms.length;
  const machines = numbered("v", checkedCount("--vms", count, maxVms)).map((spec, i): HostSpec => ({
    ...spec,
    vm: options[i] ?? {},
  }));
  return [{ name: "hub", kind: "hub" }, ...containers, ...machines, { name: "ws", kind: "ws" }];
}

function numbered(letter: string, count: number): HostSpec[] {
  return Array.from({ length: count }, (_, i) => ({ name: `${letter}${i + 1}`, kind: "node" }));
}

function checkedCount(option: string, count: number, max: number): number {
  if (Number.isInteger(count) && count >= 0 && count <= max) return count;
  throw new ChimeraError("usage", `${option}: ${count} is not a whole number from 0 to ${max}`);
}

/** Address of each host by its name; the same hosts have the same addresses in every lab of that subnet. */
export function hostAddresses(specs: readonly HostSpec[], subnet: string): Record<string, string> {
  const count = { hub: 0, node: 0, ws: 0 };
  const address = ({ kind }: HostSpec): string => {
    count[kind] += 1;
    return hostAddress(subnet, { kind, index: count[kind] });
  };
  return Object.fromEntries(specs.map((spec) => [spec.name, address(spec)]));
}

export function planHosts(
  specs: readonly HostSpec[],
  base: { readonly subnet: string; readonly rootfs: string; readonly vmRootfs?: string },
): HostRecord[] {
  const addresses = hostAddresses(specs, base.subnet);
  if (new Set(Object.values(addresses)).size !== specs.length) {
    throw new ChimeraError("input-invalid", "hosts: a name or the hub is given twice");
  }
  return specs.map((spec) => ({
    name: HostName.parse(spec.name),
    kind: spec.kind,
    address: addresses[spec.name] ?? "",
    lowers: [...(spec.seed === undefined ? [] : [spec.seed]), rootfsOf(spec, base)],
    binds: (spec.binds ?? []).map(({ from, to }) => ({ from, to })),
    ...(spec.vm === undefined ? {} : { vm: VmSpec.parse(spec.vm) }),
  }));
}

function rootfsOf(
  { name, vm, binds }: HostSpec,
  { rootfs, vmRootfs }: { readonly rootfs: string; readonly vmRootfs?: string },
): string {
  if (vm === undefined) return rootfs;
  if (vmRootfs !== undefined && (binds ?? []).length === 0) return vmRootfs;
  throw new ChimeraError("input-invalid", `${name}: a VM sees no folders of this machine`);
}
