/** `chimera ps` and `chimera run --explain` as people see them. */
import { expect, test } from "vitest";
import { plain } from "../paint.ts";
import { explanationText } from "./explanation-text.ts";
import { psTable, type RunRow } from "./ps-table.ts";

const row: RunRow = {
  id: "backup.3",
  name: "backup",
  state: "running",
  why: null,
  exit: null,
  mode: "log",
  environment: "flake git+file:///p#devShells.x86_64-linux.default",
  command: ["bash", "backup.sh", "/srv"],
  pid: 7,
  createdAt: "2026-11-23T12:00:00.000Z",
  startedAt: "2026-11-23T12:00:00.000Z",
  endedAt: null,
  lastedMs: 61_000,
  endedMsAgo: null,
  logBytes: 12,
  droppedBytes: 0,
  logTrouble: null,
};

test("a living run has its name, an earlier one its number", () => {
  const ended = { ...row, id: "backup.2", state: "ended", exit: 137, endedMsAgo: 3_600_000 } as const;
  const lost = {
    ...row,
    id: "x.1",
    name: "x",
    state: "lost",
    why: "it died",
    lastedMs: null,
    endedMsAgo: 5000,
  } as const;
  expect(psTable([row, ended, lost], plain)).toMatchInlineSnapshot(`
    "NAME      STATE      LASTED  ENDED     ENVIRONMENT                               COMMAND
    backup    running    61 s    -         flake git+file:///p#devShells.x86_64-li…  bash backup.sh /srv
    backup.2  ended 137  61 s    60 m ago  flake git+file:///p#devShells.x86_64-li…  bash backup.sh /srv
    x         lost       -       5 s ago   flake git+file:///p#devShells.x86_64-li…  bash backup.sh /srv
    x.1: it died
    "
  `);
});

test("without runs it says how to make one", () => {
  expect(psTable([], plain)).toBe("no runs (chimera run makes one)\n");
});

test("words of a command move no cursor", () => {
  expect(psTable([{ ...row, command: ["a\u001b[2J\nb", "c"] }], plain)).toMatch(/ {2}a b c\n$/u);
});

test("an explanation has everything, words as JSON", () => {
  const text = explanationText(
    {
      environment: { kind: "shell-nix", text: "/p/shell.nix", store: null },
      because: "/p/shell.nix",
      passedOver: ["/p/flake.nix has nothing"],
      madeBy: ["nix", "print-dev-env", "--file", "/p/shell.nix"],
      command: ["python3", "a b.py", "\u001b[2J"],
      cwd: "/p",
    },
    plain,
  );
  expect(text).toMatchInlineSnapshot(`
    "environment  /p/shell.nix
    because      /p/shell.nix
    passed over  /p/flake.nix has nothing
    made by      ["nix","print-dev-env","--file","/p/shell.nix"]
    made         not yet
    runs         ["python3","a b.py","\\u001b[2J"]
    in           /p
    "
  `);
});
