/**
 * PURE. By which the linker names each build of a kernel module: the GNU build id, a note that the loaded module shows too. The kernel's own
 * `srcversion` says less, and most modules have none.
 */

const header = Buffer.from("040000001400000003000000474e5500", "hex");
const idBytes = 20;
const noteBytes = header.length + idBytes;

/** The build id in a note as the kernel shows it below /sys; null where there is none. */
export function buildIdOf(notes: Buffer): string | null {
  return idAt(notes, notes.indexOf(header));
}

export interface BuildIdScan {
  push(bytes: Buffer): void;
  /** Whether the module says that it is of the kernel's own tree: of one that does not, the kernel notes so when it is loaded. */
  isInTree(): boolean;
}

const inTree = Buffer.from("intree=Y\0", "latin1");

/** Goes through a module in pieces of any size. */
export function createBuildIdScan(onId: (id: string) => void): BuildIdScan {
  let rest = Buffer.alloc(0);
  let isOfTree = false;
  return {
    isInTree: () => isOfTree,
    push(bytes) {
      const text = Buffer.concat([rest, bytes]);
      isOfTree ||= text.includes(inTree);
      let from = 0;
      for (let at = text.indexOf(header); at !== -1; at = text.indexOf(header, at + 1)) {
        const id = idAt(text, at);
        if (id === null) break;
        onId(id);
        from = at + 1;
      }
      // A note that is only begun is met again with the next piece; one that was met, never.
      rest = text.subarray(Math.max(from, text.length - noteBytes + 1));
    },
  };
}

function idAt(bytes: Buffer, at: number): string | null {
  if (at === -1 || at + noteBytes > bytes.length) return null;
  return bytes.toString("hex", at + header.length, at + noteBytes);
}
