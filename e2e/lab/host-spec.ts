// SHELL. Which hosts a lab shall have, and what of it goes into the state file.
import { ChimeraError } from "@chimera/proto/errors";
import type { HostFile } from "./host-files.ts";
import { HostName } from "./lab-state.ts";
import type { HostKind, HostRecord } from "./lab-state.ts";
import { hostAddress } from "./network.ts";
import type { Bind } from "./tool-root.ts";

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
};

const maxNodes = 100;

/** `hub`, `n1` … and `ws`, all plain Debian: provisioning adds seeds and systems. */
export function usualHosts(nodes: number): HostSpec[] {
  if (!Number.isInteger(nodes) || nodes < 0 || nodes > maxNodes) {
    throw new ChimeraError("usage", `--nodes: ${nodes} is not a whole number from 0 to ${maxNodes}`);
  }
  const numbered = Array.from({ length: nodes }, (_, i): HostSpec => ({ name: `n${i + 1}`, kind: "node" }));
  return [{ name: "hub", kind: "hub" }, ...numbered, { name: "ws", kind: "ws" }];
}

/** Address of each host by its name; the same hosts have the same addresses in every lab of that subnet. */
export function hostAddresses(specs: readonly HostSpec[], subnet: string): Record<string, string> {
  let node = 0;
  const address = (spec: HostSpec): string => {
    if (spec.kind === "node") node += 1;
    return hostAddress(subnet, { kind: spec.kind, index: node });
  };
  return Object.fromEntries(specs.map((spec) => [spec.name, address(spec)]));
}

export function planHosts(
  specs: readonly HostSpec[],
  base: { readonly subnet: string; readonly rootfs: string },
): HostRecord[] {
  const addresses = hostAddresses(specs, base.subnet);
  if (new Set(Object.values(addresses)).size !== specs.length) {
    throw new ChimeraError(
      "input-invalid",
      "hosts: a name, the hub or the operator's machine is given twice",
    );
  }
  return specs.map((spec) => ({
    name: HostName.parse(spec.name),
    kind: spec.kind,
    address: addresses[spec.name] ?? "",
    lowers: [...(spec.seed === undefined ? [] : [spec.seed]), base.rootfs],
    binds: (spec.binds ?? []).map(({ from, to }) => ({ from, to })),
  }));
}
