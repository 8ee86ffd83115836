/** First lines as people write them, and as nobody should. */
import { expect, test } from "vitest";
import { parseNixShebang } from "./parse-nix-shebang.ts";
import { parseShebang } from "./parse-shebang.ts";
import { splitWords } from "./split-words.ts";

test.each<[string, string, readonly string[]]>([
  ["#!/bin/sh\n", "sh", []],
  ["#!/usr/bin/python3 -u\nprint()", "python3", ["-u"]],
  ["#! /bin/awk -f  \n", "awk", ["-f"]],
  ["#!/usr/bin/perl -w -T\n", "perl", ["-w -T"]],
  ["#!/usr/bin/env python3\n", "python3", []],
  ["#!/usr/bin/env python3\r\n", "python3", []],
  ["#!/usr/bin/env -S python3 -u -X dev\n", "python3", ["-u", "-X", "dev"]],
  ["#!/usr/bin/env --split-string=node --title='a b'\n", "node", ["--title=a b"]],
  ["#!/usr/bin/env -S deno run --allow-net\n", "deno", ["run", "--allow-net"]],
  ["#!/bin/sh", "sh", []],
])("%j is read by %j %j", (text, program, args) => {
  expect(parseShebang(text)).toMatchObject({ kind: "program", program, args });
});

test.each(["", "print()", "# !/bin/sh", "\n#!/bin/sh", "#!", "#! \n", "\ufeff#!/bin/sh\n", " #!/bin/sh"])(
  "%j has none",
  (text) => {
    expect(parseShebang(text)).toEqual({ kind: "none" });
  },
);

test.each([
  "#!/usr/bin/env\n",
  "#!/usr/bin/env -S\n",
  "#!/usr/bin/env -i python3\n",
  "#!/usr/bin/env python3 -u\n",
  "#!/usr/bin/env -S A=1 python3\n",
  "#!/usr/bin/env -S python3 '\n",
  "#!/usr/bin/env -S ${PY}\n",
])("%j is left to env", (text) => {
  expect(parseShebang(text)).toEqual({ kind: "env-does-more" });
});

test.each<[string, string[] | undefined]>([
  ["a b", ["a", "b"]],
  ["  a\t'b c'  ", ["a", "b c"]],
  [`a"b 'c'"d`, ["ab 'c'd"]],
  ["a\\ b", ["a b"]],
  [`"a\\"b"`, ['a"b']],
  ["''", [""]],
  ["", []],
  ["a 'b", undefined],
  ["$HOME", undefined],
  ["a `id`", undefined],
  [`"$(id)"`, undefined],
  ["a\\", undefined],
])("%j splits to %j", (text, words) => {
  expect(splitWords(text)).toEqual(words);
});

test.each<[string, string, readonly string[] | undefined]>([
  [
    "#!/usr/bin/env nix-shell\n#! nix-shell -i python3 -p python3\n",
    "nix-shell",
    ["-i", "python3", "-p", "python3"],
  ],
  [
    "#! /usr/bin/env nix-shell\n#!nix-shell -i bash\nx\n#! nix-shell -p 'hello world'\n",
    "nix-shell",
    ["-i", "bash", "-p", "hello world"],
  ],
  ["#!/run/current-system/sw/bin/nix-shell\n", "nix-shell", []],
  ["#!/usr/bin/env nix-shell\n#! nix-shell -p 'x\n", "nix-shell", undefined],
  [
    "#!/usr/bin/env nix\n#! nix shell nixpkgs#hello --command ``a b``\n",
    "nix",
    ["shell", "nixpkgs#hello", "--command", "a b"],
  ],
  ["#!/usr/bin/env nix\n#! nix shell a\nprint()\n#! nix shell b\n", "nix", ["shell", "a"]],
])("%j calls %s with %j", (text, tool, words) => {
  expect(parseNixShebang(text)).toEqual({ tool, words });
});

test.each(["#!/bin/sh\n#! nix-shell -p x\n", "#!/usr/bin/env nixos\n"])("%j calls no Nix", (text) => {
  expect(parseNixShebang(text)).toBeUndefined();
});
