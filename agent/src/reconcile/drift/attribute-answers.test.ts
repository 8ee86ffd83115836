/** What is known when a tool ends badly, with its own words (e2fsprogs 1.47, attr 2.5). */
import { expect, test } from "vitest";
import {
  getfattrWords,
  lsattrWords,
  unansweredOf,
  type ToolAnswer,
  type ToolWords,
} from "./attribute-answers.ts";

const paths = ["/etc/a b", "/etc/c", "/etc/d"];
const plain: ToolAnswer = { exitCode: 0, stdout: "", stderr: "", isCut: false };
const line = "--------------e-------";

const rows: [string, ToolWords, Partial<ToolAnswer>, string[]][] = [
  ["an end without an error", getfattrWords, {}, []],
  ["an error without a word", lsattrWords, { exitCode: 1 }, paths],
  ["no process", getfattrWords, { exitCode: null }, paths],
  [
    "a cut answer, but for what it says",
    lsattrWords,
    { isCut: true, stdout: `${line} /etc/a b\n` },
    paths.slice(1),
  ],
  [
    "a cut answer of getfattr",
    getfattrWords,
    { isCut: true, stdout: "# file: /etc/c\nuser.x\n\n" },
    ["/etc/a b", "/etc/d"],
  ],
  [
    "a file system that has no flags",
    lsattrWords,
    {
      exitCode: 1,
      stdout: `${line} /etc/a b\n${line} /etc/d\n`,
      stderr: "lsattr: Operation not supported While reading flags on /etc/c\n",
    },
    [],
  ],
  [
    "a file that is gone",
    lsattrWords,
    {
      exitCode: 1,
      stdout: `${line} /etc/c\n`,
      stderr: "lsattr: No such file or directory while trying to stat /etc/a b\n",
    },
    ["/etc/a b"],
  ],
  [
    "a file under a lease",
    lsattrWords,
    { exitCode: 1, stderr: "lsattr: Resource temporarily unavailable While reading flags on /etc/d" },
    ["/etc/d"],
  ],
  [
    "a file that getfattr does not find",
    getfattrWords,
    { exitCode: 1, stderr: "getfattr: /etc/c: No such file or directory\n" },
    ["/etc/c"],
  ],
  [
    "a file system without attributes",
    getfattrWords,
    { exitCode: 1, stderr: "getfattr: /etc/c: Operation not supported\n" },
    [],
  ],
  [
    "a complaint about something else",
    getfattrWords,
    { exitCode: 1, stderr: "getfattr: error while loading shared libraries: libattr.so.1: cannot open\n" },
    paths,
  ],
];
test.each(rows)("of %s", (...row) => {
  const [, words, answer, wanted] = row;
  expect(unansweredOf(words, { ...plain, ...answer }, paths)).toEqual(wanted);
});
