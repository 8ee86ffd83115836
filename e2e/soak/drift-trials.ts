// SHELL. Soak `drift`: tampering after tampering, each must be put back within a sweep and a bit, also while somebody deploys or switches
// by hand; and nothing may be told of a path that nobody touched.
import { z } from "zod";
import { deployWorld, pointersOf, waitView } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { tamperNode } from "../fleet/tamper-node.ts";
import type { Host } from "../lab/host/host.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { tamperKinds, type TamperTrial } from "../probe/tamper-order.ts";
import { randomFrom, type Soak } from "./trial.ts";

const batch = 30;
const timeoutMs = 150_000;
/** Of each sort. A path that is changed in more than six minutes of a day is somebody's fight, and not put back. */
const paths = 400;
const atOnce = 40;
const kinds = [
  ...tamperKinds,
  "emptied",
  "copied-file-deleted",
  "copied-file-replaced",
  "replaced-by-pipe",
  "renamed-away",
] as const;

const numbered = (name: string) => Array.from({ length: paths }, (_, i) => `lab/soak-${name}-${i}`);
const [links, files] = [numbered("link"), numbered("file")];
/** The same in every world, so that what was there before a switch is what is to be there after it. */
const etc = (label: string) => ({
  ...Object.fromEntries(links.map((path) => [path, { text: `${path}\n` }])),
  ...Object.fromEntries(files.map((path) => [path, { text: `${path}\n`, mode: "0640" }])),
  "lab/soak-revision": { text: `${label}\n`, mode: "0644" },
});

export async function driftTrials({ fleet, trials, seed, record }: Soak): Promise<void> {
  const node = fleet.lab.host("n1");
  const random = randomFrom(seed);
  await deploy(fleet, "soak-first");
  let before: readonly string[] = [];
  for (let done = 0; done < trials; done += batch) {
    const begun = new Date(Date.now() - 1000).toISOString();
    const number = done / batch;
    const what = meanwhiles[Math.floor(random() * meanwhiles.length)] ?? "nothing";
    const touched = pathsOf(number);
    const order = {
      ...touched,
      kinds: [...kinds],
      trials: Math.min(batch, trials - done),
      pauseMs: 300,
      timeoutMs,
    };
    const [tampered] = await Promise.all([tamperNode(node, order), meanwhile[what](fleet, number)]);
    for (const trial of tampered) await record(lineOf(trial, { what, first: done }));
    await waitView(fleet, "n1", ({ status }) => status?.state === "committed");
    const named = [...touched.links, ...touched.files];
    // What was told of the last batch may have come a moment ago.
    const strange = await strangeEvents(fleet, begun, [...named, ...before]);
    before = named;
    const end =
      strange.length === 0 ? "nothing told of anything else" : `told: ${strange.join(" ")}`.slice(0, 500);
    await record({
      trial: done,
      fault: `${batch} tamperings, meanwhile ${what}`,
      end,
      ok: strange.length === 0,
      ms: 0,
    });
  }
}

function lineOf({ trial, kind, ms }: TamperTrial, { what, first }: { what: string; first: number }) {
  const end = ms === null ? "not put back" : "put back";
  const fault = what === "nothing" ? kind : `${kind}, meanwhile ${what}`;
  return { trial: first + trial, fault, end, ok: ms !== null, ms: Math.round(ms ?? timeoutMs) };
}

function pathsOf(number: number): { links: string[]; files: string[] } {
  const from = (number * atOnce) % paths;
  const some = (all: readonly string[]) => all.slice(from, from + atOnce).map((path) => `/etc/${path}`);
  return { links: some(links), files: some(files) };
}

async function deploy(fleet: Soak["fleet"], label: string): Promise<void> {
  const { code, stderr } = await deployWorld(fleet, label, { changes: { etc: etc(label) } });
  if (code !== 0) throw new Error(`the deployment of ${label}: ${stderr}`);
}

const meanwhiles = ["nothing", "a deployment", "a switch by hand"] as const;
type Meanwhile = (typeof meanwhiles)[number];

const meanwhile: Record<Meanwhile, (fleet: Soak["fleet"], number: number) => Promise<void>> = {
  nothing: () => Promise.resolve(),
  "a deployment": (fleet, number) => deploy(fleet, `soak-${number}`),
  async "a switch by hand"(fleet) {
    const node = fleet.lab.host("n1");
    const { current } = await pointersOf(node);
    await switchByHand(node);
    const isBack = async (): Promise<boolean> => (await pointersOf(node)).current === current;
    await waitUntil("ours runs again", isBack, { timeoutMs: 120_000, everyMs: 500 });
  },
};

/** As `nixos-rebuild switch --rollback` does it. */
async function switchByHand(node: Host): Promise<void> {
  const link = await node.runChecked(["readlink", "/nix/var/nix/gcroots/chimera/previous"]);
  const system = link.trim();
  await node.runChecked(["nix-env", "-p", "/nix/var/nix/profiles/system", "--set", system]);
  await node.run([`${system}/bin/switch-to-configuration`, "switch"], { timeoutMs: 90_000 });
}

const Path = z.object({ path: z.string() });
const Told = z.looseObject({ data: z.looseObject({ type: z.string() }) });

/** Of what is told since then, what names neither a path that was touched nor one of the systems that somebody switched to. */
async function strangeEvents(
  fleet: Soak["fleet"],
  since: string,
  touched: readonly string[],
): Promise<string[]> {
  const args = ["timeline", "--kind", "drift", "--node", "n1", "--since", since, "--json"];
  const said = await operatorOf(fleet.lab).ok(args);
  const lines = said.split("\n").filter((line) => line !== "");
  return lines.flatMap((line) => {
    const { data } = Told.parse(JSON.parse(line));
    const path = Path.safeParse(data).data?.path ?? z.object({ item: Path }).safeParse(data).data?.item.path;
    const isNamed = path !== undefined && (touched.includes(path) || isPointer(path));
    return isNamed ? [] : [`${data.type} ${path ?? JSON.stringify(data).slice(0, 200)}`];
  });
}

function isPointer(path: string): boolean {
  return ["/run/current-system", "/nix/var/nix/profiles/system", "/boot/default"].includes(path);
}
