/** Each of these was asked of glibc 2.36 by `id -u`, in a line of /etc/passwd; of the largest number, which means nobody, it says "no such user". */
import { expect, test } from "vitest";
import { isPlainId, readAccountId } from "./account-id.ts";

test.for<[string, number | null]>([
  ["0", 0],
  ["00000000000", 0],
  [" 0", 0],
  ["\t+0", 0],
  ["-0", 0],
  ["0000000001000", 1000],
  ["4294967296", 4_294_967_295],
  ["-1", 4_294_967_295],
  ["-18446744073709551615", 1],
  ["99999999999999999999999", 4_294_967_295],
  ["0 ", null],
  ["0x0", null],
  ["", null],
  ["- 0", null],
])("%j is the number %j", ([text, id]) => {
  expect(readAccountId(text)).toBe(id);
});

test("only the usual spelling is plain", () => {
  expect(["0", "1000", "00", "+1", " 1", ""].map(isPlainId)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
