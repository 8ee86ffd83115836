/** SHELL. Mounting raises no event that Node could hear: the part of the mount table below /etc is read again and again. */
import { readMountText } from "./read-mounts.ts";

export interface MountWatch {
  stop(): void;
}

export interface MountWatchOptions {
  etcDir: string;
  onChange: () => void;
}

const shortestMs = 1000;
/** So many times what one look took, so that a table of many thousand lines costs no more than 0.5 % of a core. */
const restFactor = 200;

export function watchMounts({ etcDir, onChange }: MountWatchOptions): MountWatch {
  let known = mountsBelow(etcDir);
  let timer = setTimeout(look, shortestMs);

  function look(): void {
    const before = performance.now();
    const now = mountsBelow(etcDir);
    if (now !== known) onChange();
    known = now;
    timer = setTimeout(look, Math.max(shortestMs, (performance.now() - before) * restFactor));
  }

  return { stop: () => clearTimeout(timer) };
}

/** The lines that name /etc or something below it as mount point; the kernel writes a space between the fields. */
function mountsBelow(etcDir: string): string {
  const lines = (readMountText() ?? "").split("\n");
  return lines.filter((line) => line.includes(` ${etcDir} `) || line.includes(` ${etcDir}/`)).join("\n");
}
