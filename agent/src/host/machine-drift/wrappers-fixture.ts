/** For tests: a system whose script makes wrappers as NixOS's does, and the folder that it made of them. */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { MachineFixture } from "./machine-fixture.ts";

export const tools = "/usr/sbin";
export const hasTools = existsSync(`${tools}/setcap`) && existsSync(`${tools}/getcap`);

const wrapperOf = (root: string, name: string, steps: string): string => `
cp ${root}/store/${name}/bin/security-wrapper "$wrapperDir/${name}"

# Prevent races
chmod 0000 "$wrapperDir/${name}"
chown root:root "$wrapperDir/${name}"
${steps}
`;

const wrapperScript = (root: string): string => `
chmod 755 "${root}/run/wrappers"

# We want to place the tmpdirs for the wrappers to the parent dir.
wrapperDir=$(mktemp --directory --tmpdir="${root}/run/wrappers" wrappers.XXXXXXXXXX)
chmod a+rx "$wrapperDir"
${wrapperOf(root, "sudo", 'chmod "u+s,g-s,u+rx,g+x,o+x" "$wrapperDir/sudo"')}
${wrapperOf(root, "ping", `${root}/store/libcap/bin/setcap "cap_setpcap,cap_net_raw+ep" "$wrapperDir/ping"\nchmod u+rx,g+x,o+x "$wrapperDir/ping"`)}
if [ -L ${root}/run/wrappers/bin ]; then
  old=$(readlink -f ${root}/run/wrappers/bin)
  ln --symbolic --force --no-dereference "$wrapperDir" "${root}/run/wrappers/bin-tmp"
  mv --no-target-directory "${root}/run/wrappers/bin-tmp" "${root}/run/wrappers/bin"
  rm --force --recursive "$old"
else
  ln --symbolic "$wrapperDir" "${root}/run/wrappers/bin"
fi
`;

export function fillWrappers(fixture: MachineFixture): void {
  const { root, write } = fixture;
  const script = write("store/wrappers-start", wrapperScript(root));
  write("store/system/etc/systemd/system/suid-sgid-wrappers.service", `[Service]\nExecStart=${script}\n`);
  for (const name of ["sudo", "ping"]) write(`store/${name}/bin/security-wrapper`, `wrapper of ${name}\n`);
  for (const tool of ["setcap", "getcap"]) {
    const copy = write(`store/libcap/bin/${tool}`, "#!/bin/sh\n");
    if (hasTools) copyFileSync(`${tools}/${tool}`, copy);
    chmodSync(copy, 0o755);
  }
  write("etc/passwd", "root:x:0:0::/:/bin/sh\n");
  write("etc/group", "root:x:0:\n");
  mkdirSync(join(root, "run/wrappers"));
  runWrapperScript(fixture);
}

export function runWrapperScript({ root }: MachineFixture): void {
  execFileSync("sh", ["-e", join(root, "store/wrappers-start")]);
}
