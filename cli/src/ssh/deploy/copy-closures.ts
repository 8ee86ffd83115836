/**
 * SHELL. Closures to the nodes themselves, by `nix copy`. Their signatures go along, and a node's Nix demands them; what arrived
 * the agent compares path by path with the signed list all the same. A node that fails stops no other.
 */
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeName } from "@chimera/proto/names";
import pLimit from "p-limit";
import type { System } from "../../fleet/head/plan.ts";
import type { BuildReporter } from "../../fleet/report/build-reporter.ts";
import type { Io } from "../../io.ts";
import type { BuildLog } from "../../nix/build-log.ts";
import { runNix } from "../../nix/nix-command.ts";
import { bytesPerSecond } from "../../print/push-text.ts";
import { printableJson, printableLine } from "../../print/printable.ts";
import { bytes } from "../../print/units.ts";
import type { Ssh } from "../transport/ssh-client.ts";
import { sshFailure } from "../transport/ssh-failure.ts";

export interface Copying {
  ssh: Ssh;
  reporter: BuildReporter;
  atOnce: number;
  json: boolean;
}

export interface Failed {
  node: NodeName;
  error: ChimeraError;
}

/** A log is not read faster. */
const quietMs = 2_000;

/** Resolves with those that failed. */
export async function copyClosures(io: Io, systems: readonly System[], copying: Copying): Promise<Failed[]> {
  const limit = pLimit(copying.atOnce);
  const all = await Promise.all(systems.map((system) => limit(() => copyOne(io, system, copying))));
  return all.flatMap((one) => one ?? []);
}

async function copyOne(io: Io, { node, toplevel }: System, copying: Copying): Promise<Failed | null> {
  const { ssh, reporter } = copying;
  const target = ssh.targetOf(node);
  reporter.tell([node], { state: "pushing" });
  const tell = createTell(io, node, copying.json);
  const result = await runNix(io, {
    args: ["copy", "--to", `ssh-ng://${target}`, "--stdin"],
    stdin: toplevel,
    env: { NIX_SSHOPTS: ssh.options.join(" ") },
    onProgress: tell.progress,
  });
  if (result.kind === "ok") {
    tell.end();
    reporter.tell([node], { state: "pushed", toplevel });
    return null;
  }
  const why = result.log.failure();
  reporter.tell([node], { state: "failed", error: why });
  return { node, error: copyError(node, why, sshFailure(target, why, ssh.knownHosts)) };
}

/** Where Nix's ssh says why, that is the reason. */
function copyError(node: NodeName, why: string, known: ChimeraError): ChimeraError {
  const line = printableLine(why.replaceAll("\n", "; ")).slice(0, 1000);
  const cause = new Error(line);
  if (known.code !== "server-unreachable") return known;
  const what = /signature|signed by|trusted/iu.test(why)
    ? "its Nix does not take the closure: the cache's public key must be among its trusted-public-keys"
    : "its closure could not be copied";
  return new ChimeraError("closure-unavailable", `${node}: ${what}`, { cause });
}

function createTell(
  io: Io,
  node: NodeName,
  json: boolean,
): { progress: (log: BuildLog) => void; end: () => void } {
  const started = performance.now();
  let nextMs = quietMs;
  let done = { paths: 0, bytes: 0 };
  const elapsed = (): number => Math.round(performance.now() - started);
  const say = (type: "copying" | "copied", total?: number): void => {
    const ms = elapsed();
    const rate = bytesPerSecond(done.bytes, ms);
    if (json)
      io.out(
        `${printableJson({ type, node, paths: done.paths, narBytes: done.bytes, bytesPerSecond: rate, ms })}\n`,
      );
    else {
      const of = total === undefined ? "" : ` of ${total}`;
      io.err(`${node}: ${type} ${done.paths}${of} paths, ${bytes(done.bytes)}, ${bytes(rate)}/s\n`);
    }
  };
  return {
    progress({ copied, copiedBytes }) {
      done = { paths: copied.done, bytes: copiedBytes.done };
      if (elapsed() < nextMs) return;
      nextMs = elapsed() + quietMs;
      say("copying", copied.total);
    },
    end: () => say("copied"),
  };
}
