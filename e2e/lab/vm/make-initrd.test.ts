import { expect, test } from "vitest";
import { moduleOrder } from "./make-initrd.ts";

const dependencies = `kernel/fs/fat/fat.ko.xz:
kernel/fs/fat/vfat.ko.xz: kernel/fs/fat/fat.ko.xz
kernel/drivers/net/virtio_net.ko.xz: kernel/drivers/net/net_failover.ko.xz kernel/net/core/failover.ko.xz
`;

test("a module comes after those that it needs, and once", () => {
  expect(moduleOrder(dependencies, ["virtio_net", "vfat", "fat"])).toEqual([
    "kernel/net/core/failover.ko.xz",
    "kernel/drivers/net/net_failover.ko.xz",
    "kernel/drivers/net/virtio_net.ko.xz",
    "kernel/fs/fat/fat.ko.xz",
    "kernel/fs/fat/vfat.ko.xz",
  ]);
});

test("a module that the kernel has not is named", () => {
  expect(() => moduleOrder(dependencies, ["ext9"])).toThrow("the kernel has no module ext9");
});
