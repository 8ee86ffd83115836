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

test("an override of a unit is told with why, what it is, who set the policy and how to change it", () => {
  const path = "/run/systemd/system/app.service.d/x.conf";
  const found = { type: "file", size: 4, mode: "0644", uid: 0, gid: 0 } as const;
  const open = { path, kind: "unit-override" as const, expected: { type: "missing" as const }, found };
  const text = shownText(
    shown({
      path,
      explanation: {
        kind: "managed",
        part: "units",
        toplevel: "/nix/store/x-system",
        entry: "/nix/store/x-unit/app.service",
        because: "systemd reads it with app.service",
        expected: { type: "missing" },
      },
      stance: { mode: "report", why: "drift.classes.units is not set", setBy: "default", change: "set it" },
      open,
      now: found,
      culprit: { by: { kind: "unknown" }, loggedIn: [] },
      content: { kind: "shown", expected: null, found: side("[x]\n") },
    }),
    plain,
  );
  expect(text).toBe(`${path}: managed, as one of units
  declared by  /nix/store/x-unit/app.service
  of system    /nix/store/x-system
  because      systemd reads it with app.service
  should be    missing
  is now       file 4 B 0644 0:0
  a difference is only reported: drift.classes.units is not set
  set by       default
  to change    set it

now: unit-override
  expected     missing
  found        file 4 B 0644 0:0
  by unknown; nobody was logged in

--- expected ${path}
+++ found ${path}
@@ -0,0 +1,1 @@
+[x]
`);
});

test("of what is not managed, what is kept is shown all the same, and why it is not", () => {
  const facts = { type: "file", size: 1, mode: "0644", uid: 0, gid: 0 } as const;
  const kept = {
    id: "e1",
    path: "/run/x",
    at,
    facts,
    modifiedAt: at,
    keptBytes: 1,
    worldReadable: true,
    links: 1,
  };
  const explanation = { kind: "undeclared", part: "units", because: "no unit of the closure" } as const;
  expect(shownText(shown({ explanation, evidence: [kept], of: "e1" }), plain)).toMatch(
    /^\S+: not managed: the closure does not declare it\n {2}because {6}no unit of the closure\n[\s\S]*\* e1\n[\s\S]*\+zwei\n$/u,
  );
  expect(shownText(shown({ explanation: { kind: "outside", because: "nothing there" } }), plain)).toBe(
    "/etc/motd: not managed\n  because      nothing there\n",
  );
});

test("of a store path that nobody compares it is not said that it is right", () => {
  const explanation = { ...shown().explanation, part: "store" } as const;
  const stance = { mode: "ignore", why: "drift.store.mode is not set" } as const;
  expect(shownText(shown({ explanation, stance }), plain)).toContain("now: nobody compares it\n");
  const reported = { mode: "report", why: "x" } as const;
  expect(shownText(shown({ explanation, stance: reported }), plain)).toContain("by the last look\n");
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
    shownText(shown({ explanation: { kind: "outside", because: evil } }), plain),
    shownText(shown({ explanation: { kind: "undeclared", because: evil } }), plain),
    shownText(
      shown({
        explanation: {
          kind: "managed",
          toplevel: evil,
          entry: evil,
          because: evil,
          expected: { type: "other", text: evil },
        },
        stance: { mode: "report", why: evil, change: evil },
        now: { type: "other", text: evil },
        open: item,
        culprit: {
          by: { kind: "writer", pid: 1, command: evil, uid: 0 },
          audit: { at, auid: 1, user: evil, uid: 0, pid: 1, command: evil, exe: evil, key: evil },
          loggedIn: [],
        },
      }),
      plain,
    ),
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
  const writer = { kind: "writer", pid: 7, command: "vim", uid: 0 } as const;
  expect(culpritText({ by: writer, loggedIn })).toBe("open for writing by pid 7 vim of uid 0");
  const audit = { at, auid: 1000, user: "anna", uid: 0, pid: 7, command: "vim", exe: "/bin/vim", key: "etc" };
  expect(culpritText({ by: { kind: "unknown" }, audit, loggedIn })).toBe(
    `changed by anna: vim (pid 7, /bin/vim) as uid 0, ${at}, by the kernel's audit (etc)`,
  );
  const nameless = { ...audit, user: null, exe: null, uid: null };
  expect(culpritText({ by: writer, audit: nameless, loggedIn })).toBe(
    `changed by login uid 1000: vim (pid 7) as uid ?, ${at}, by the kernel's audit (etc); open for writing by pid 7 vim of uid 0`,
  );
  expect(culpritText({ by: writer, audit: { ...nameless, auid: null }, loggedIn })).toContain(
    "by a service: vim",
  );
});
