// PURE. An archive in cpio's "newc" format, as the kernel unpacks it for its first root: sorted, without times, no owner but root.

export type CpioEntry =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | { readonly kind: "file"; readonly path: string; readonly data: Uint8Array; readonly mode: number };

const trailer: CpioEntry = { kind: "file", path: "TRAILER!!!", data: new Uint8Array(), mode: 0 };

/** A folder comes before what lies in it: the order is the caller's. */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  return Buffer.concat([...entries, trailer].flatMap((entry, index) => member(entry, index + 1)));
}

function member(entry: CpioEntry, inode: number): Buffer[] {
  const data = contentOf(entry);
  const name = Buffer.from(`${entry.path}\0`);
  const fields = [inode, modeOf(entry), 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  return [padded(Buffer.concat([Buffer.from(header), name])), padded(data)];
}

function contentOf(entry: CpioEntry): Buffer {
  switch (entry.kind) {
    case "folder":
      return Buffer.alloc(0);
    case "link":
      return Buffer.from(entry.target);
    case "file":
      return Buffer.from(entry.data);
  }
}

function modeOf(entry: CpioEntry): number {
  switch (entry.kind) {
    case "folder":
      return 0o040755;
    case "link":
      return 0o120777;
    case "file":
      return 0o100000 | entry.mode;
  }
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
}
