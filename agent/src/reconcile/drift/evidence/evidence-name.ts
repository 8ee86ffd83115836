/** PURE. The names of evidence: legible, safe whatever the path holds, and in the order in which it was kept. */

/** So many digits that no counter of an earlier agent, which began anew, is taken for one that only rises. */
const digits = 10;

/** `2026-11-23T13-20-16-123Z-0000000001-ssh_sshd_config`: the time is for people; the clock may be wrong. */
export function evidenceName(isoTime: string, order: number, path: string): string {
  const time = isoTime.replaceAll(/[:.]/g, "-");
  return `${time}-${String(order).padStart(digits, "0")}-${safeName(path)}`;
}

/** What only rises from one to the next; 0 for what an earlier agent kept. */
export function orderOf(name: string): number {
  const [, order = ""] = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z-(\d+)-/.exec(name) ?? [];
  return order.length >= digits ? Number(order) : 0;
}

/** Oldest first. What has no order of its own is sorted by the time in its name. */
export function byOrder(a: string, b: string): number {
  const difference = orderOf(a) - orderOf(b);
  if (difference !== 0) return difference;
  return a < b ? -1 : 1;
}

/** What the names of all evidence of an absolute path end with. */
export function labelOf(path: string): string {
  return safeName(path.startsWith("/etc/") ? path.slice("/etc/".length) : path.slice(1));
}

function safeName(path: string): string {
  return path.replaceAll(/[^A-Za-z0-9._-]/g, "_").slice(0, 100);
}
