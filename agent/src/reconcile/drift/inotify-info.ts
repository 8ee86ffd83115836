/** PURE. What the kernel says of an inotify descriptor in /proc/PID/fdinfo (proc_pid_fdinfo(5)): the inodes that it listens to. */

export interface HeardInode {
  /** As stat(2) has it. */
  dev: number;
  ino: number;
}

const line = /^inotify wd:[0-9a-f]+ ino:(?<ino>[0-9a-f]+) sdev:(?<dev>[0-9a-f]+) /u;

export function heardInodes(fdinfo: string): HeardInode[] {
  return fdinfo.split("\n").flatMap((text) => {
    const { ino, dev } = line.exec(text)?.groups ?? {};
    if (ino === undefined || dev === undefined) return [];
    return [{ ino: Number.parseInt(ino, 16), dev: statDevice(Number.parseInt(dev, 16)) }];
  });
}

/** Within the kernel a device is 12 bits of major and 20 of minor; stat(2) shows them as makedev(3) puts them. */
function statDevice(kernel: number): number {
  const [major, minor] = [Math.floor(kernel / 2 ** 20), kernel % 2 ** 20];
  return (minor % 256) + major * 256 + Math.floor(minor / 256) * 2 ** 20;
}
