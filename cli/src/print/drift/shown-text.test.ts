import type { ShownFacts } from "@chimera/proto/drift-shown";
import { NodeName } from "@chimera/proto/names";
import { expect, test } from "vitest";
import { driftHistory } from "./history-text.ts";
import { culpritText, shownText } from "./shown-text.ts";

const plain = (_style: string, text: string) => text;
const at = "2026-11-23T12:00:00.000Z";
const evil = "\u001b]52;c;aGk=\u0007\u202egnp";
const side = (text: string | Uint8Array, size?: number) => {
  const bytes = Buffer.from(text);
  return { base64: bytes.toString("base64"), size: size ?? bytes.length };
};
const shown = (over: Partial<ShownFacts> = {}): ShownFacts => ({
  path: "/etc/motd",
  at,
  explanation: {
    kind: "managed",
    toplevel: "/nix/store/x-system",
    entry: "/nix/store/x-etc/etc/motd",
    expected: { type: "symlink", target: "/etc/static/motd" },
  },
  stance: { mode: "revert", why: "" },
  open: null,
  evidence: [],
  of: null,
  content: { kind: "shown", expected: side("one\ntwo\n"), found: side("one\nzwei\n") },
  ...over,
});

test("the difference is a unified diff below the facts", () => {
  expect(shownText(shown(), plain)).toBe(`/etc/motd: managed
  declared by  /nix/store/x-etc/etc/motd
  of system    /nix/store/x-system
  should be    symlink -> /etc/static/motd
  a difference is put back

now: as declared

--- expected /etc/motd
+++ found /etc/motd
@@ -1,2 +1,2 @@
 one
-two
+zwei
`);
});

test.each<[string, ShownFacts["content"], RegExp]>([
  ["a secret", { kind: "not-shown", reason: "mode 0600" }, /not shown: mode 0600\n$/u],
  [
    "bytes that are no text",
    { kind: "shown", expected: null, found: side(new Uint8Array([0, 255])) },
    /not shown as text: nothing expected, 2 bytes found\n$/u,
  ],
  [
    "a file that was cut",
    { kind: "shown", expected: null, found: side("abc\u00e9".slice(0, 4), 9000) },
    /only the first 5 of 9000 bytes found are compared\n$/u,
  ],
  [
    "a difference beyond all bounds",
    {
      kind: "shown",
      expected: side(Array.from({ length: 9000 }, (_, i) => `a${i}`).join("\n")),
      found: side(Array.from({ length: 9000 }, (_, i) => `b${i}`).join("\n")),
    },
    /too different for a diff/u,
  ],
])("%s is told in a line", (_, content, line) => {
  expect(shownText(shown({ content }), plain)).toMatch(line);
});

test("nothing that a node or a file says moves the cursor", () => {
  const facts = { type: "file", size: 1, mode: "0644", uid: 0, gid: 0 } as const;
  const evidence = {
    id: evil,
    path: evil,
    at,
    facts,
    modifiedAt: at,
    keptBytes: 1,
    worldReadable: true,
    links: 1,
    culprit: { by: { kind: "unknown" as const }, loggedIn: [evil] },
  };
  const item = {
    path: evil,
    kind: "content" as const,
    expected: facts,
    found: { type: "symlink" as const, target: evil },
  };
  const event = {
    specversion: "1.0" as const,
    id: "1",
    source: NodeName.parse("n1"),
    time: at,
    datacontenttype: "application/json" as const,
    type: "drift-unreverted" as const,
    data: { item, code: "x", message: evil },
  };
  const texts = [
    shownText(
      shown({
        path: evil,
        open: item,
        evidence: [evidence],
        content: { kind: "shown", expected: side(evil), found: side(`${evil}\r\n`) },
      }),
      plain,
    ),
    shownText(
      shown({
        explanation: { kind: "left-alone", by: "built-in list", glob: evil, reason: evil, declared: true },
      }),
      plain,
    ),
    shownText(shown({ explanation: { kind: "unknown", reason: evil } }), plain),
    shownText(
      shown({ content: { kind: "not-shown", reason: evil }, stance: { mode: "report", why: evil } }),
      plain,
    ),
    driftHistory([event], () => 1000, plain),
  ];
  for (const text of texts) expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}|\u202e/u);
});

test("a culprit is named by a record, and whoever is logged in is no proof", () => {
  const loggedIn = ["anna on pts/0"];
  expect(culpritText({ by: { kind: "unknown" }, loggedIn })).toBe(
    "by unknown; logged in, which is no proof: anna on pts/0",
  );
  expect(culpritText({ by: { kind: "unknown" }, loggedIn: [] })).toBe("by unknown; nobody was logged in");
  expect(culpritText({ by: { kind: "writer", pid: 7, command: "vim", uid: 0 }, loggedIn })).toBe(
    "open for writing by pid 7 vim of uid 0",
  );
});
