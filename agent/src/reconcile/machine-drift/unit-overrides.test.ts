/** From where a unit's text comes rightly. */
import { expect, test } from "vitest";
import { elsewhere } from "./unit-overrides.ts";

test.for<[string, boolean]>([
  ["/run/systemd/generator/data.mount", true],
  ["/run/systemd/generator.early/data.mount", true],
  ["/run/systemd/generator.late/app.service.d/x.conf", true],
  ["/run/systemd/generator-of-mine/app.service", false],
  ["/run/systemd/transient/app.service", false],
  ["/etc/systemd/system/app.service", true],
  ["/nix/store/x/app.service", true],
  ["/closure/app.service", true],
  ["/usr/local/lib/systemd/system/app.service", false],
])("%s is rightful: %s", ([path, isRightful]) => {
  expect(elsewhere([path, ""], ["/closure/"])).toEqual(isRightful ? [] : [path]);
});
