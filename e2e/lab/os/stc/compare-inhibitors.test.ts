import { expect, test } from "vitest";
import { compareInhibitors } from "./compare-inhibitors.ts";

test("only a key that both systems name with other values inhibits", () => {
  expect(
    compareInhibitors('{"dbus":"dbus","gone":"1","same":"x"}', '{"dbus":"broker","new":"1","same":"x"}'),
  ).toEqual([{ key: "dbus", current: "dbus", next: "broker" }]);
});

test("a system without inhibitors inhibits nothing", () => {
  expect(compareInhibitors("", '{"dbus":"broker"}')).toEqual([]);
});

test("what is no map is an error that says whose", () => {
  expect(() => compareInhibitors("{}", "[1]")).toThrow("switch-inhibitors of the new system");
});
