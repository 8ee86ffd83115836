/** PURE. Sizes, times and store paths as people read them. */

const units = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(count: number): string {
  const exponent = count < 1024 ? 0 : Math.min(Math.floor(Math.log2(count) / 10), units.length - 1);
  const value = count / 1024 ** exponent;
  return `${exponent === 0 ? value : value.toFixed(1)} ${units[exponent] ?? "B"}`;
}

/** With a sign: how much a closure grows or shrinks. */
export function bytesChange(change: number): string {
  return `${change < 0 ? "-" : "+"}${bytes(Math.abs(change))}`;
}

export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)} m`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** For who signs: a path that differs only in the digits that are not shown can be made. */
export function wholeName(path: string | null): string {
  return path?.replace("/nix/store/", "") ?? "-";
}

/** "5q2wzxyz-nixos-system-n1-25.05": the name people know and enough of the hash to tell two apart. */
export function shortPath(path: string | null): string {
  const found = path === null ? null : /^\/nix\/store\/([^-]+)-(.*)$/u.exec(path);
  if (found === null) return path ?? "-";
  return `${(found[1] ?? "").slice(0, 8)}-${found[2] ?? ""}`;
}
