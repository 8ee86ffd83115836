import { expect, test } from "vitest";
import { compareUnits } from "./compare-units.ts";
import { flag, joinUnit, parseUnitText, words } from "./unit-file.ts";

const unit = (...texts: readonly string[]) => joinUnit(texts.map(parseUnitText));
const compare = (from: string | readonly string[], to: string | readonly string[]) =>
  compareUnits(unit(...[from].flat()), unit(...[to].flat()));

const service = "[Unit]\nDescription=a\n[Service]\nExecStart=/bin/a\n";

test.each([
  ["the same", service, service, "none"],
  ["keys in another order", "[Service]\nA=1\nB=2\n", "[Service]\nB=2\nA=1\n", "none"],
  ["another value", service, service.replace("/bin/a", "/bin/b"), "restart"],
  ["Description", service, service.replace("=a", "=b"), "none"],
  ["Description over two lines", service, service.replace("=a", "=a \\\n b"), "none"],
  ["a line broken at a space", "[Service]\nA=1 \\\n2\n", "[Service]\nA=1 2\n", "none"],
  ["a line broken with more space", "[Service]\nA=1 \\\n 2\n", "[Service]\nA=1 2\n", "restart"],
  ["a comment at the end of a line", "[Service]\nA=1 # x\n", "[Service]\nA=1 ; y\n", "none"],
  ["a # that is no comment", "[Service]\nA=1#x\n", "[Service]\nA=1#y\n", "restart"],
  ["a # in quotes", '[Service]\nA="1 # x"\n', '[Service]\nA="1 # y"\n', "restart"],
  ["[Install]", service, `${service}[Install]\nWantedBy=a.target\n`, "none"],
  ["a section of one's own", service, `${service}[X-Own]\n`, "restart"],
  ["X-Reload-Triggers", "[Unit]\nX-Reload-Triggers=1\n", "[Unit]\nX-Reload-Triggers=2\n", "reload"],
  ["X-Reload-Triggers that goes", "[Unit]\nX-Reload-Triggers=1\n", "[Unit]\n", "none"],
  ["[Unit] that comes with a reload trigger", "", "[Unit]\nX-Reload-Triggers=2\n", "reload"],
  ["[Unit] that comes with more", "", "[Unit]\nAfter=a.service\n", "restart"],
  ["[Unit] that goes", "[Unit]\nDescription=a\n", "", "none"],
  ["ExecReload", `${service}ExecReload=a\n`, `${service}ExecReload=b\n`, "reload"],
  ["ExecReload that goes", `${service}ExecReload=a\n`, service, "none"],
  ["a [Service] of ExecReload alone", "[Unit]\n", "[Unit]\n[Service]\nExecReload=a\n", "reload"],
  ["two sections that come", "", "[Unit]\nDescription=a\n[Service]\nExecReload=a\n", "restart"],
  ["mount options", "[Mount]\nOptions=a\n", "[Mount]\nOptions=b\n", "reload"],
  ["mount options that go", "[Mount]\nOptions=a\n", "[Mount]\n", "restart"],
  ["the quotes of a value", '[Service]\nEnvironment="A=1"\n', "[Service]\nEnvironment=A=1\n", "none"],
  ["quotes further on", '[Service]\nA=1 "2"\n', "[Service]\nA=1 2\n", "restart"],
  ["an assignment that is reset", "[Service]\nA=1\nA=\nA=2\n", "[Service]\nA=2\n", "none"],
  ["an assignment that is only reset", "[Service]\nA=\n", "[Service]\n", "restart"],
  ["lines of Windows", "[Service]\r\nA=1\r\n", "[Service]\nA=1\n", "none"],
])("%s", (...[, from, to, difference]) => {
  expect(compare(from, to)).toBe(difference);
});

test("a drop-in counts by what it says, not by its name, and can take back what the unit says", () => {
  expect(compare([service, "[Service]\nNice=1\n"], [service, "[Service]\nNice=1\n"])).toBe("none");
  expect(compare([service], [service, "[Service]\nNice=1\n"])).toBe("restart");
  expect(compare(["[Service]\nA=1\n", "[Service]\nA=\nA=2\n"], "[Service]\nA=2\n")).toBe("none");
});

test.each([
  ["true", true],
  ["on", true],
  ["True", false],
  ["y", false],
  ["", true],
])("X-RestartIfChanged=%s is %s for the switch", (word, meaning) => {
  expect(flag(unit(`[Service]\nX-RestartIfChanged=${word}\n`), "Service/X-RestartIfChanged", "true")).toBe(
    meaning,
  );
});

test("names are read as systemd reads them, over continued lines and comments", () => {
  const read = unit(
    "stray=1\n[Unit]\nWants=a.service \\\n# no\n  b.service\nWants=c.service\n[Unit]\nAfter=d\n",
  );
  expect(words(read, "Unit/Wants")).toEqual(["a.service", "b.service", "c.service"]);
  expect(words(read, "Unit/After")).toEqual(["d"]);
});

test("a line that is nothing is told by its number", () => {
  expect(parseUnitText("[Unit]\nnonsense\nA=1\n").strayLines).toEqual([2]);
  expect(parseUnitText("[Unit]\nA=1 \\").strayLines).toEqual([]);
  expect(parseUnitText('[Unit]\nA=1\nB="x\nC=y"\n').strayLines).toEqual([3]);
});
