/** The script that makes the wrappers, in the shapes of several releases of NixOS, and modes and capabilities as tables. */
import { expect, test } from "vitest";
import { changeMode } from "./change-mode.ts";
import { plainCapabilities } from "./plain-capabilities.ts";
import { readWrapperScript, wrapperSnippet } from "./wrapper-script.ts";

test.for<[string, number | null]>([
  ["0000", 0],
  ["4755", 0o4755],
  ["u+s,g-s,u+rx,g+x,o+x", 0o4511],
  ["u-s,g+s,u+rx,g+x,o+x", 0o2511],
  ["a+rx", 0o555],
  ["ug+rx", 0o550],
  ["u=rwx,g=r,o=", 0o740],
  ["+x", null],
  ["u+X", null],
  ["g=u", null],
])("chmod %s of nothing is %o", ([spec, expected]) => {
  expect(changeMode(0, spec)).toBe(expected);
});

test.for<[string, string | null]>([
  ["cap_setpcap,cap_net_raw+ep", "cap_net_raw=ep cap_setpcap=ep"],
  ["cap_net_raw,cap_setpcap=pe", "cap_net_raw=ep cap_setpcap=ep"],
  ["= cap_net_raw+p cap_net_raw+e", "cap_net_raw=ep"],
  ["", ""],
  ["all=ep", null],
])("capabilities %j are %j", ([text, expected]) => {
  expect(plainCapabilities(text)).toBe(expected);
});

const storeName = (name: string): string => `/nix/store/${"a".repeat(32)}-${name}`;
const wrapper = (name: string): string => `${storeName(`security-wrapper-${name}`)}/bin/security-wrapper`;
const setcap = `${storeName("libcap")}/bin/setcap`;
const setuid = "u+s,g-s,u+rx,g+x,o+x";

const begin = `
chmod 755 "/run/wrappers"

# We want to place the tmpdirs for the wrappers to the parent dir.
wrapperDir=$(mktemp --directory --tmpdir="/run/wrappers" wrappers.XXXXXXXXXX)
chmod a+rx "$wrapperDir"
`;
const end = `
if [ -L /run/wrappers/bin ]; then
  # Atomically replace the symlink
  old=$(readlink -f /run/wrappers/bin)
  if [ -e "/run/wrappers/bin-tmp" ]; then
    rm --force --recursive "/run/wrappers/bin-tmp"
  fi
  ln --symbolic --force --no-dereference "$wrapperDir" "/run/wrappers/bin-tmp"
  mv --no-target-directory "/run/wrappers/bin-tmp" "/run/wrappers/bin"
  rm --force --recursive "$old"
else
  # For initial setup
  ln --symbolic "$wrapperDir" "/run/wrappers/bin"
fi
`;

/** Of NixOS 23.11 and later, as the unit's script. */
const unitScript = `#!${storeName("bash")}/bin/bash
set -e
${begin}
cp ${wrapper("sudo")} "$wrapperDir/sudo"

# Prevent races
chmod 0000 "$wrapperDir/sudo"
chown root:wheel "$wrapperDir/sudo"

chmod "${setuid}" "$wrapperDir/sudo"
cp ${wrapper("ping")} "$wrapperDir/ping"
chmod 0000 "$wrapperDir/ping"
chown root:root "$wrapperDir/ping"
${setcap} "cap_setpcap,cap_net_raw+ep" "$wrapperDir/ping"
chmod u+rx,g+x,o+x "$wrapperDir/ping"
${end}`;

/** Of NixOS 21.11 to 23.05: with a text beside each wrapper. */
const withNotes = unitScript.replaceAll(
  /^cp (\S+) ("\$wrapperDir\/(\w+))"$/gm,
  '$&\necho -n "/nix/store/x/bin/$3" > $2.real"',
);

/** Of NixOS 20.09 and earlier: nothing in quotes, and a dot between owner and group. */
const unquoted = withNotes.replaceAll(/"(\$wrapperDir[^"]*)"/g, "$1").replaceAll(/(?<=chown \w+):/g, ".");

/** In one step, as scripts of others of this family make them. */
const installed = `set -e
mkdir -p "/run/wrappers"
${begin}
install -m 0000 -o root -g wheel \\
  ${wrapper("sudo")} \\
  "$wrapperDir/sudo"

chmod "${setuid}" "$wrapperDir/sudo"
install -m 0000 -o root -g root ${wrapper("ping")} "$wrapperDir/ping"
${setcap} "cap_setpcap,cap_net_raw+ep" "$wrapperDir/ping"
chmod u+rx,g+x,o+x "$wrapperDir/ping"
${end}`;

const wrappers = [
  {
    name: "sudo",
    source: wrapper("sudo"),
    owner: "root",
    group: "wheel",
    mode: 0o4511,
    capabilities: null,
  },
  {
    name: "ping",
    source: wrapper("ping"),
    owner: "root",
    group: "root",
    mode: 0o511,
    capabilities: "cap_setpcap,cap_net_raw+ep",
  },
];
const known = { wrappers, capTools: `${storeName("libcap")}/bin`, parent: "/run/wrappers" };

test.for<[string, string, string[]]>([
  ["23.11 and later", unitScript, []],
  ["21.11 to 23.05", withNotes, ["sudo.real", "ping.real"]],
  ["20.09 and earlier", unquoted, ["sudo.real", "ping.real"]],
  ["one step", installed, []],
])("the script of %s says exactly what each file is to be", ([, text, unjudged]) => {
  expect(readWrapperScript(text)).toEqual({ kind: "read", script: { ...known, unjudged } });
});

test("of a wrapper whose mode depends on more than the script nothing is expected, and it is known all the same", () => {
  const odd = `cp ${wrapper("odd")} "$wrapperDir/odd"\nchmod 0000 "$wrapperDir/odd"\nchown root:root "$wrapperDir/odd"\nchmod "+x" "$wrapperDir/odd"\n`;
  const reading = readWrapperScript(unitScript.replace(end, odd + end));
  expect(reading).toEqual({ kind: "read", script: { ...known, unjudged: ["odd"] } });
});

test.for([
  'cp -r /nix/store/more/bin/. "$wrapperDir"',
  'ln -s /nix/store/x/bin/x "$wrapperDir/x"',
  'for name in su sudo; do cp /nix/store/x "$wrapperDir/$name"; done',
  'cp "$source" "$wrapperDir/x"',
  '/nix/store/x/bin/make-wrappers "$wrapperDir"',
  'cp /nix/store/x "$wrapperDir/sub/x"',
  'install -D -m 0755 /nix/store/x "$wrapperDir/x"',
  'echo hello > "$wrapperDir/x"',
  "exec /nix/store/x/bin/wrappers",
])("a script with the line %j says nothing", (line) => {
  expect(readWrapperScript(unitScript.replace(end, `${line}\n${end}`))).toEqual({
    kind: "strange",
    why: `its script has a line of unknown shape: ${line}`,
  });
});

test("a script that makes no folder says nothing", () => {
  expect(readWrapperScript("set -e\n")).toMatchObject({ kind: "strange" });
});

test("the part of an activation script is found, and ends where the next begins", () => {
  const activate = `#!/bin/sh
#### Activation script snippet var:
_localstatus=0
mkdir -p /var/empty

if (( _localstatus > 0 )); then
  printf "Activation script snippet '%s' failed (%s)\\n" "var" "$_localstatus"
fi

#### Activation script snippet wrappers:
_localstatus=0
${withNotes.split("set -e\n")[1]}

if (( _localstatus > 0 )); then
  printf "Activation script snippet '%s' failed (%s)\\n" "wrappers" "$_localstatus"
fi

#### Activation script snippet other:
_localstatus=0
cp /nix/store/other /tmp/other
`;
  expect(readWrapperScript(wrapperSnippet(activate) ?? "")).toEqual({
    kind: "read",
    script: { ...known, unjudged: ["sudo.real", "ping.real"] },
  });
  expect(wrapperSnippet("#### Activation script snippet var:\n")).toBeNull();
});
