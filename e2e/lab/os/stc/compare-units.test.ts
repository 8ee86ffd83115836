import { expect, test } from "vitest";
import { compareUnits } from "./compare-units.ts";
import { parseUnit } from "./unit-file.ts";

const compare = (current: string, next: string): string =>
  compareUnits(parseUnit([current]), parseUnit([next]));

const service = "[Unit]\nDescription=a\n[Service]\nExecStart=/bin/a\n";

test.each([
  ["the same text", service, service, "same"],
  ["another order of sections", "[A]\nx=1\n[B]\ny=1\n", "[B]\ny=1\n[A]\nx=1\n", "same"],
  ["another command", service, service.replace("/bin/a", "/bin/b"), "restart"],
  ["a new key", service, `${service}User=x\n`, "restart"],
  ["a key gone", `${service}User=x\n`, service, "restart"],
  ["a new section", service, `${service}[X]\ny=1\n`, "restart"],
  ["[Install] only", service, `${service}[Install]\nWantedBy=x.target\n`, "same"],
  ["X-Reload-Triggers", "[Unit]\nX-Reload-Triggers=1\n", "[Unit]\nX-Reload-Triggers=2\n", "reload"],
  ["X-Reload-Triggers that appears", "[Unit]\n", "[Unit]\nX-Reload-Triggers=2\n", "reload"],
  ["X-Restart-Triggers", "[Unit]\nX-Restart-Triggers=1\n", "[Unit]\nX-Restart-Triggers=2\n", "restart"],
  ["X-Reload-Triggers that goes", "[Unit]\nX-Reload-Triggers=1\n", "[Unit]\n", "same"],
  ["another ExecReload", "[Service]\nExecReload=a\n", "[Service]\nExecReload=b\n", "reload"],
  ["ExecReload that appears", service, `${service}ExecReload=a\n`, "reload"],
  ["ExecReload that goes", `${service}ExecReload=a\n`, service, "same"],
  ["a section of ExecReload alone that goes", "[Service]\nExecReload=a\n", "", "same"],
  ["an empty section that appears", service, `${service}[X]\n`, "restart"],
  ["mount options that appear", "[Mount]\nWhat=a\n", "[Mount]\nWhat=a\nOptions=rw\n", "restart"],
  ["mount options", "[Mount]\nOptions=ro\n", "[Mount]\nOptions=rw\n", "reload"],
  ["a mount's device", "[Mount]\nWhat=/dev/a\n", "[Mount]\nWhat=/dev/b\n", "restart"],
  ["Description in another section", "[X]\nDescription=a\n", "[X]\nDescription=b\n", "restart"],
  [
    "reload and restart at once",
    "[Unit]\nX-Reload-Triggers=1\n[Service]\nUser=a\n",
    "[Unit]\nX-Reload-Triggers=2\n[Service]\nUser=b\n",
    "restart",
  ],
])("%s", (...[, current, next, change]) => {
  expect(compare(current, next)).toBe(change);
});

test.each([
  "Description",
  "Documentation",
  "OnFailure",
  "OnSuccess",
  "OnFailureJobMode",
  "IgnoreOnIsolate",
  "StopWhenUnneeded",
  "RefuseManualStart",
  "RefuseManualStop",
  "AllowIsolate",
  "CollectMode",
  "SourcePath",
])("[Unit] %s says nothing about the process", (key) => {
  expect(compare(`[Unit]\n${key}=1\n`, `[Unit]\n${key}=2\n`)).toBe("same");
});
