/** PURE. /proc/self/mountinfo as the kernel writes it (proc_pid_mountinfo(5)), escapes undone. */

export interface Mount {
  id: number;
  parent: number;
  /** major:minor of the file system. */
  device: string;
  /** What of the file system is mounted: "/" is all of it. */
  root: string;
  target: string;
  type: string;
  /** Of this mount: "ro", "nosuid". */
  options: readonly string[];
  /** Of the file system: "upperdir=/x". */
  superOptions: readonly string[];
}

/** A line that is none of the kernel's says nothing. */
export function parseMountTable(text: string): Mount[] {
  return text.split("\n").flatMap((line) => parseLine(line) ?? []);
}

function parseLine(line: string): Mount | null {
  // Optional fields stand between the sixth field and the lone dash.
  const [before = "", after = ""] = line.split(" - ");
  const [id, parent, device, root, target, options = ""] = before.split(" ");
  const [type, , superOptions = ""] = after.split(" ");
  if (device === undefined || root === undefined) return null;
  if (target === undefined || type === undefined) return null;
  return {
    id: Number(id),
    parent: Number(parent),
    device,
    root: unescape(root),
    target: unescape(target),
    type,
    options: options.split(","),
    // A comma in a value is escaped, so the split comes first.
    superOptions: superOptions.split(",").map(unescape),
  };
}

function unescape(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCodePoint(Number.parseInt(octal, 8)),
  );
}
