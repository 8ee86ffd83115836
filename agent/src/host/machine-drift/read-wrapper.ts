/** SHELL. What one wrapper is now, with its capabilities: read again only when the kernel says that something of it changed. */
import type { EntryFacts } from "@chimera/proto/drift";
import { lstatSync } from "node:fs";
import { plainCapabilities } from "../../reconcile/machine-drift/plain-capabilities.ts";
import type { OpenDirectory } from "../drift/etc-directory.ts";
import type { Outcome } from "../errno-outcome.ts";
import { lenientFacts } from "./lenient-facts.ts";
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
  /** Of one that cannot be read all but its bytes: it is never as declared. Fails by trouble of our own. */
  read(wrapper: Wrapper, folder: WrapperFolder, capTools: string | null): Promise<Outcome<FoundWrapper>>;
}

export function createWrapperReader(capabilitiesOf: CapabilitiesOf): WrapperReader {
  const known = new Map<string, FoundWrapper & { stamp: string }>();
  return {
    async read(wrapper, folder, capTools) {
      const name = wrapper.path;
      const stamp = stampOf(folder.directory, name);
      const last = known.get(name);
      if (last !== undefined && last.stamp === stamp) return { kind: "done", value: last };
      known.delete(name);
      const facts = await lenientFacts(folder.directory, name, wrapper.size);
      if (facts.kind === "failed") return facts;
      const said = await askOf(wrapper, facts.value, { capTools, path: `${folder.path}/${name}` });
      const found = {
        facts: facts.value,
        capabilities: typeof said === "string" ? plainCapabilities(said) : null,
      };
      // What could not be read, or of which getcap said nothing, is asked again; and what changed while it was read.
      const isWhole = facts.value.detail === undefined && said !== null;
      if (isWhole && stamp !== null && stamp === stampOf(folder.directory, name))
        known.set(name, { ...found, stamp });
      return { kind: "done", value: found };
    },
  };

  /** Undefined where nothing is asked. */
  async function askOf(
    { capabilities }: Wrapper,
    { type }: EntryFacts,
    { capTools, path }: { capTools: string | null; path: string },
  ): Promise<string | null | undefined> {
    if (capabilities === null || type !== "file" || capTools === null) return undefined;
    return capabilitiesOf(capTools, path);
  }
}

/** The time moves with every change of bytes, mode, owner or attribute. */
function stampOf(directory: OpenDirectory, name: string): string | null {
  const stats = lstatSync(directory.child(name), { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? null : `${stats.dev}:${stats.ino}:${stats.ctimeNs}`;
}
