/** SHELL. What the mount table says of /etc, read afresh and parsed only when it is another. */
import type { EtcLayout } from "../../../reconcile/drift/mounts/etc-layout.ts";
import { layoutOf } from "../../../reconcile/drift/mounts/etc-layout.ts";
import { findEtcMounts, type EtcMounts } from "../../../reconcile/drift/mounts/covering-mounts.ts";
import { parseMountTable } from "../../../reconcile/drift/mounts/mount-table.ts";
import type { EtcScope } from "../../../reconcile/drift/etc-scope.ts";
import type { OpenDirectory } from "../etc-directory.ts";
import type { ExpectedEtc } from "../etc-expected.ts";
import { mountMark, rightOf, type FirstMounts } from "../../../reconcile/drift/mounts/rightful-mounts.ts";
import { isInContainer, mountIdOf, readMounts, readMountText, readOutsideMounts } from "./read-mounts.ts";

export interface MountView {
  layout(): EtcLayout;
  look(expected: ExpectedEtc): EtcMounts;
  /** False for a directory in a mount that nobody declared. */
  isWritable(expected: ExpectedEtc, directory: OpenDirectory): boolean;
}

export interface MountViewOptions {
  etcDir: string;
  scope: EtcScope;
  /** What was there when the agent first started after this boot. */
  firstMounts: FirstMounts;
}

export function createMountView({ etcDir, scope, firstMounts: first }: MountViewOptions): MountView {
  let known: { text: string | null; expected: ExpectedEtc; mounts: EtcMounts } | null = null;
  const isContainer = isInContainer();
  const search = (text: string | null, { entries, declaredMounts: declared }: ExpectedEtc): EtcMounts => {
    const mounts = parseMountTable(text ?? "");
    const seen = readOutsideMounts(mounts)?.map(mountMark);
    const rights = { etcDir, first, outside: seen === undefined ? null : new Set(seen), isContainer };
    const find = { mounts, etcDir, entries, declared, scope };
    return findEtcMounts({ ...find, rightOf: (mount) => rightOf(mount, rights) });
  };
  const look = (expected: ExpectedEtc): EtcMounts => {
    const text = readMountText();
    if (known !== null && known.text === text && known.expected === expected) return known.mounts;
    const mounts = search(text, expected);
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
