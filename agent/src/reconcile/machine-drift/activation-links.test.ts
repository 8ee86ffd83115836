import { expect, test } from "vitest";
import { activationLinks } from "./activation-links.ts";

const sh = `/nix/store/${"a".repeat(32)}-bash-5.3/bin/sh`;
const line = (name: string, target: string) =>
  `ln -sfn ${target} ${name.replace(/[^/]+$/u, ".$&.tmp")}\nmv ${name.replace(/[^/]+$/u, ".$&.tmp")} ${name} # atomically replace ${name}\n`;

test.for<[what: string, text: string, found: Record<string, string>]>([
  ["as NixOS writes it", `x\n${line("/bin/sh", `"${sh}"`)}`, { "/bin/sh": sh }],
  ["without quotes, moved by force", line("/bin/sh", sh).replace("mv ", "  mv -f "), { "/bin/sh": sh }],
  ["both", line("/bin/sh", sh) + line("/usr/bin/env", sh), { "/bin/sh": sh, "/usr/bin/env": sh }],
  ["twice, as by somebody's own script", line("/bin/sh", sh) + line("/bin/sh", `${sh}2`), {}],
  ["another file moved there later", `${line("/bin/sh", sh)}mv /tmp/x /bin/sh\n`, {}],
  ["not moved into its place", `ln -sfn ${sh} /bin/.sh.tmp\n`, {}],
  ["from elsewhere", line("/bin/sh", "/tmp/sh"), {}],
  ["up from the store", line("/bin/sh", "/nix/store/../../tmp/sh"), {}],
  ["with a variable", line("/bin/sh", '"$shell"'), {}],
  ["taken away", "rm -f /usr/bin/env\n", {}],
])("what a script links: %s", ([, text, found]) => {
  expect(Object.fromEntries(activationLinks(text).map(({ path, target }) => [path, target]))).toEqual(found);
});
