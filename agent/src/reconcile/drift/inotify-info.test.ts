import { expect, test } from "vitest";
import { heardInodes } from "./inotify-info.ts";

test("each inode is named as stat names it; other lines are passed over", () => {
  const text = `pos:\t0
flags:\t02004000
inotify wd:2 ino:bac001 sdev:fe00000 mask:fc6 ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:01c0ba00
inotify wd:1 ino:2 sdev:10300101 mask:fc6 ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:02000000
`;
  expect(heardInodes(text)).toEqual([
    { ino: 0xbac001, dev: 0xfe * 256 },
    { ino: 2, dev: 0x103 * 256 + 1 + 2 ** 20 },
  ]);
});
