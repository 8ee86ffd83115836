/** SHELL. What one wrapper is now, with its capabilities: read again only when the kernel says that something of it changed. */
import type { EntryFacts } from "@chimera/proto/drift";
import { lstatSync } from "node:fs";
import { plainCapabilities } from "../../reconcile/machine-drift/plain-capabilities.ts";
import type { OpenDirectory } from "../drift/etc-directory.ts";
import { readFacts } from "../drift/etc-facts.ts";
import type { Wrapper } from "./expected-wrappers.ts";

interface FoundWrapper {
  facts: EntryFacts;
  /** In plain writing; null where they were not asked for, or are not understood. */
  capabilities: string | null;
}

export interface WrapperFolder {
  /** Absolute: /run/wrappers/wrappers.XXXXXXXXXX. */
  path: string;
  directory: OpenDirectory;
}

/** What getcap says of a file, without its name; null when it says nothing. A process: asked when the file changed. */
export type CapabilitiesOf = (tools: string, file: string) => Promise<string | null>;

export interface WrapperReader {
  /** Null for one that cannot be read. */
  read(wrapper: Wrapper, folder: WrapperFolder, capTools: string | null): Promise<FoundWrapper | null>;
}

export function createWrapperReader(capabilitiesOf: CapabilitiesOf): WrapperReader {
  const known = new Map<string, FoundWrapper & { stamp: string }>();
  return {
    async read(wrapper, folder, capTools) {
      const name = wrapper.path;
      const stamp = stampOf(folder.directory, name);
      const last = known.get(name);
      if (last !== undefined && last.stamp === stamp) return last;
      known.delete(name);
      const facts = await readFacts(folder.directory, name, wrapper.size);
      if (facts.kind === "failed") return null;
      const isAsked = wrapper.capabilities !== null && facts.value.type === "file";
      const said =
        isAsked && capTools !== null ? await capabilitiesOf(capTools, `${folder.path}/${name}`) : null;
      const found = { facts: facts.value, capabilities: said === null ? null : plainCapabilities(said) };
      // What changed while it was read is not remembered.
      if (stamp !== null && stamp === stampOf(folder.directory, name)) known.set(name, { ...found, stamp });
      return found;
    },
  };
}

/** The time moves with every change of bytes, mode, owner or attribute. */
function stampOf(directory: OpenDirectory, name: string): string | null {
  const stats = lstatSync(directory.child(name), { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? null : `${stats.dev}:${stats.ino}:${stats.ctimeNs}`;
}
