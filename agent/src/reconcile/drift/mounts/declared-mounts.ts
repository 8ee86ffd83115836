/** PURE. Which mount points a closure declares: by its fstab, its mount units, and services that mount (impermanence). */
import { shellWords } from "../shell-words.ts";

/** The second field of each line, with the escapes of fstab(5). */
export function fstabTargets(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const [source, target] = line.trim().split(/\s+/);
    if (source === undefined || target === undefined || source.startsWith("#")) return [];
    return [plainPath(target.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => character(octal, 8)))];
  });
}

const mountUnit = /^(.+)\.(?:mount|automount)$/;

/** By its name, without which systemd takes no mount unit, and by what it says itself. Empty for any other unit. */
export function mountUnitTargets(name: string, text: string): string[] {
  const escaped = mountUnit.exec(name)?.[1];
  if (escaped === undefined) return [];
  const where = /^\s*Where\s*=\s*(.*?)\s*$/m.exec(text)?.[1];
  return [unescapePath(escaped), ...(where?.startsWith("/") === true ? [plainPath(where)] : [])];
}

/** As systemd-escape(1) --path: each dash is a slash, and any other odd byte is written out. */
function unescapePath(escaped: string): string {
  const bytes = escaped
    .replaceAll("-", "/")
    .replaceAll(/(?:\\x[0-9a-f]{2})+/gi, (run) => decode(run.match(/[0-9a-f]{2}(?=\\|$)/gi) ?? []));
  return plainPath(`/${bytes}`);
}

function decode(hex: readonly string[]): string {
  return new TextDecoder().decode(Uint8Array.from(hex, (pair) => Number.parseInt(pair, 16)));
}

/**
 * Paths below /etc that a service hands to a program which mounts, as impermanence does for single files:
 * `…-impermanence-mount-file /etc/machine-id /persist/etc/machine-id`.
 */
export function serviceTargets(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const command = /^ExecStart(?:Pre|Post)?=[-@:+!|]*(.+)$/.exec(line.trim())?.[1];
    const [program = "", ...args] = command === undefined ? [] : shellWords(command);
    const isMounting = program.slice(program.lastIndexOf("/") + 1).includes("mount");
    return isMounting ? args.filter((word) => word.startsWith("/etc/")).map(plainPath) : [];
  });
}

function character(digits: string, base: number): string {
  return String.fromCodePoint(Number.parseInt(digits, base));
}

/** As the kernel writes it: no slash at the end, and none twice. */
function plainPath(path: string): string {
  const plain = path.replaceAll(/\/+/g, "/").replace(/(?<=.)\/$/, "");
  return plain === "" ? "/" : plain;
}
