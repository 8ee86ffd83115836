// PURE. The faults of the issue, by name: each is one kind of trial, and one row of docs/faults.md.
import type { Fault } from "./faults/fault.ts";
import { journalFaults } from "./faults/journal-faults.ts";
import { machineFaults } from "./faults/machine-faults.ts";
import { systemFaults } from "./faults/system-faults.ts";

const faults = new Map<string, Fault>(
  Object.entries({ ...systemFaults, ...machineFaults, ...journalFaults }),
);

export const faultNames: readonly string[] = [...faults.keys()];

export function faultOf(name: string): Fault {
  const fault = faults.get(name);
  if (fault === undefined) throw new RangeError(`no fault is named ${name}`);
  return fault;
}
