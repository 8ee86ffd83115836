/** SHELL. Which file it is, whatever its name: a number alone is given to the next file as soon as it is free. */
import type { Stats } from "node:fs";
import { z } from "zod";

export const Inode = z.object({
  dev: z.int().nonnegative(),
  ino: z.number().nonnegative(),
  /** When the file was made; 0 where the file system does not know. */
  bornMs: z.number().nonnegative(),
});
export type Inode = z.infer<typeof Inode>;

export function inodeOf({ dev, ino, birthtimeMs }: Stats): Inode {
  return { dev, ino, bornMs: Math.max(0, birthtimeMs) };
}

export function isSameInode(a: Inode, b: Inode): boolean {
  return a.ino === b.ino && a.dev === b.dev && a.bornMs === b.bornMs;
}
