/** SHELL. Links that are exactly known: what keeps the running system from being collected, and names it. */
import { StorePath } from "@chimera/proto/names";
import { basename, dirname } from "node:path";
import { existsSync, lstatSync, readlinkSync, realpathSync } from "node:fs";
import { activationLinks, type ActivationLink } from "../../reconcile/machine-drift/activation-links.ts";
import { bootedToplevel } from "../../reconcile/machine-drift/kernel-parameters.ts";
import { attempt } from "../errno-outcome.ts";
import type { Evidence } from "../drift/evidence.ts";
import { readSmallFile } from "../read-small-file.ts";
import { namedSystem } from "../system-pointers.ts";
import { checkLinks, type ExpectedLink } from "./check-links.ts";
import type { MachinePlaces } from "./machine-places.ts";
import type { Look, LookContext, MachineSource } from "./machine-source.ts";

export interface LinksSourceOptions {
  places: MachinePlaces;
  evidence: Evidence;
  /** Names the state in which nothing of ours moves the agent's own roots; null in any other. */
  rest: () => string | null;
}

interface Declared {
  /** Which roots the system's own scripts make; what makes them otherwise need not make them at all. */
  current: boolean;
  booted: boolean;
  /** What its activation links outside /etc. */
  links: readonly ActivationLink[];
}

interface State extends LinksSourceOptions {
  declares: ({ toplevel: string } & Declared) | null;
  /** The agent's own roots as they were when it came to this rest. */
  own: { rest: string; targets: Map<string, string> } | null;
}

const ownRoots = ["wanted", "previous"];

export function createLinksSource(options: LinksSourceOptions): MachineSource {
  const { run, nixVar, root } = options.places;
  const state: State = { ...options, declares: null, own: null };
  return {
    of: "pointers",
    look: (context) => look(state, context),
    forget: () => void (state.declares = null),
    watched: [
      { path: `${run}/current-system` },
      { path: `${run}/booted-system` },
      { path: `${nixVar}/profiles/system` },
      { path: `${nixVar}/gcroots/current-system` },
      { path: `${nixVar}/gcroots/booted-system` },
      { path: `${nixVar}/gcroots/chimera`, deep: true },
      { path: `${root}/bin/sh` },
      { path: `${root}/usr/bin/env` },
    ],
  };
}

async function look(state: State, context: LookContext): Promise<Look> {
  const expected = [
    ...runningLinks(state, context),
    ...(await bootedLinks(state)),
    ...(await systemLinks(state, context)),
    ...ownLinks(state),
  ];
  const { places, evidence } = state;
  const checked = await checkLinks(
    { root: places.root, evidence, context, alsoFolder: ownFolder(places) },
    expected,
  );
  return { ...checked, managed: expected.length };
}

/** The link to the running system where it names none: another system there is the loop's business. */
function runningLinks({ places }: State, { toplevel }: LookContext): ExpectedLink[] {
  const place = `${places.run}/current-system`;
  const expected = [{ folder: places.run, name: "current-system", target: toplevel, mustBe: true }];
  if (namedSystem(place) !== null) return [];
  // What is not there may be about to be made, by who activates another system by hand: /etc says so.
  if (lstatSync(place, { throwIfNoEntry: false }) !== undefined) return expected;
  const [active, ours] = [
    attempt(() => realpathSync(`${places.etc}/static`)),
    attempt(() => realpathSync(`${toplevel}/etc`)),
  ];
  if (active.kind === "failed" || ours.kind === "failed" || active.value !== ours.value) return [];
  return expected;
}

/** A container sees the command line of the machine around it. */
async function bootedLinks({ places }: State): Promise<ExpectedLink[]> {
  if (existsSync(`${places.run}/systemd/container`)) return [];
  const target = bootedToplevel((await readSmallFile(`${places.proc}/cmdline`, 65_536)) ?? "");
  return target === null ? [] : [{ folder: places.run, name: "booted-system", target, mustBe: true }];
}

/** What keeps it, and what its activation links elsewhere. */
async function systemLinks(state: State, { toplevel }: LookContext): Promise<ExpectedLink[]> {
  if (state.declares?.toplevel !== toplevel) state.declares = { toplevel, ...(await readDeclared(toplevel)) };
  const { current, booted, links } = state.declares;
  const { nixVar, root } = state.places;
  const folder = `${nixVar}/gcroots`;
  return [
    ...links.map(({ path, target }) => ({
      folder: `${root}${dirname(path)}`,
      name: basename(path),
      target,
      mustBe: true,
    })),
    { folder, name: "current-system", target: "/run/current-system", mustBe: current },
    { folder, name: "booted-system", target: "/run/booted-system", mustBe: booted },
  ];
}

const scriptBytes = 4 * 1024 * 1024;

async function readDeclared(toplevel: string): Promise<Declared> {
  const texts = await Promise.all(
    ["activate", "init", "prepare-root"].map((file) => readSmallFile(`${toplevel}/${file}`, scriptBytes)),
  );
  const names = (root: string): boolean => texts.some((text) => text?.includes(`gcroots/${root}`) === true);
  return {
    current: names("current-system"),
    booted: names("booted-system"),
    links: activationLinks(texts[0] ?? ""),
  };
}

/** Only the agent moves its roots, and not while it rests: what they named when it came to rest, they still name. */
function ownLinks(state: State): ExpectedLink[] {
  const rest = state.rest();
  if (rest === null) {
    state.own = null;
    return [];
  }
  const folder = ownFolder(state.places);
  if (state.own?.rest !== rest) state.own = { rest, targets: readTargets(folder) };
  return [...state.own.targets].map(([name, target]) => ({ folder, name, target, mustBe: true }));
}

function ownFolder({ nixVar }: MachinePlaces): string {
  return `${nixVar}/gcroots/chimera`;
}

function readTargets(folder: string): Map<string, string> {
  return new Map(
    ownRoots.flatMap((name) => {
      const target = attempt(() => readlinkSync(`${folder}/${name}`));
      const isPath = target.kind === "done" && StorePath.safeParse(target.value).success;
      return isPath ? [[name, target.value] as const] : [];
    }),
  );
}
