// SHELL. Runs on a node, bundled: makes its /etc an overlay over the active system's tree, as NixOS's initrd does.
// Both directories lie on tmpfs, since a container's root is an overlay itself, and the kernel takes none above another.
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
} from "node:fs";
import { chmodSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const tree = realpathSync("/run/current-system/etc");
const [base, lower] = ["/run/lab-rw-etc", "/run/nixos-etc-metadata"];
const [empty, upper, work] = [`${base}/empty`, `${base}/upper`, `${base}/work`];

function entriesBelow(folder: string): string[] {
  return readdirSync(join(tree, folder), { withFileTypes: true }).flatMap((child) => {
    const path = join(folder, child.name);
    if (child.isDirectory()) return entriesBelow(path);
    return child.isSymbolicLink() ? [path] : [];
  });
}

mkdirSync(base, { recursive: true });
execFileSync("mount", ["-t", "tmpfs", "tmpfs", base]);
for (const folder of [lower, empty, upper, work]) mkdirSync(folder, { recursive: true });
// What the closure does not declare is the machine's own, and lies above.
cpSync("/etc", upper, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
for (const path of entriesBelow("")) {
  rmSync(join(upper, path), { recursive: true, force: true });
  const [source, target] = [join(tree, path), join(lower, path)];
  mkdirSync(dirname(target), { recursive: true });
  const mode = existsSync(`${source}.mode`) ? readFileSync(`${source}.mode`, "utf8").trim() : "symlink";
  if (mode.endsWith("symlink")) symlinkSync(readlinkSync(source), target);
  else {
    writeFileSync(target, readFileSync(source));
    chmodSync(target, Number.parseInt(mode, 8));
  }
}
for (const name of ["static", ".clean"]) rmSync(join(upper, name), { force: true });
for (const name of ["shadow", "gshadow"])
  if (lstatSync(join(upper, name), { throwIfNoEntry: false }) !== undefined)
    chmodSync(join(upper, name), 0o640);
const options = `redirect_dir=on,metacopy=on,lowerdir=${lower}:${empty},upperdir=${upper},workdir=${work}`;
execFileSync("mount", ["-t", "overlay", "overlay", "-o", options, "/etc"]);
