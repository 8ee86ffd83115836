/** SHELL. What the mount table says of /etc, read afresh and parsed only when it is another. */
import type { EtcLayout } from "../../../reconcile/drift/mounts/etc-layout.ts";
import { layoutOf } from "../../../reconcile/drift/mounts/etc-layout.ts";
import { findEtcMounts, type EtcMounts } from "../../../reconcile/drift/mounts/covering-mounts.ts";
import { parseMountTable } from "../../../reconcile/drift/mounts/mount-table.ts";
import type { EtcScope } from "../../../reconcile/drift/etc-scope.ts";
import type { OpenDirectory } from "../etc-directory.ts";
import type { ExpectedEtc } from "../etc-expected.ts";
import { mountIdOf, readMounts, readMountText } from "./read-mounts.ts";

export interface MountView {
  layout(): EtcLayout;
  look(expected: ExpectedEtc): EtcMounts;
  /** False for a directory in a mount that nobody declared. */
  isWritable(expected: ExpectedEtc, directory: OpenDirectory): boolean;
}

export function createMountView({ etcDir, scope }: { etcDir: string; scope: EtcScope }): MountView {
  let known: { text: string | null; expected: ExpectedEtc; mounts: EtcMounts } | null = null;
  const look = (expected: ExpectedEtc): EtcMounts => {
    const text = readMountText();
    if (known !== null && known.text === text && known.expected === expected) return known.mounts;
    const { entries, declaredMounts: declared } = expected;
    const mounts = findEtcMounts({ mounts: parseMountTable(text ?? ""), etcDir, entries, declared, scope });
    known = { text, expected, mounts };
    return mounts;
  };
  return {
    layout: () => layoutOf(readMounts(), etcDir),
    look,
    isWritable(expected, directory) {
      const id = mountIdOf(directory.fd);
      if (id === null) return false;
      return known?.expected === expected && known.mounts.writable.has(id)
        ? true
        : look(expected).writable.has(id);
    },
  };
}
