// SHELL. The operator of a lab fleet: types `chimera` on ws.
import { z } from "zod";
import { NodeList, type NodeView } from "@chimera/proto/api";
import type { HostRunOptions, HostRunResult } from "../lab/host/host-run.ts";
import type { Lab } from "../lab/lab.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { homeOf } from "./people.ts";

export interface Operator {
  /** Any exit code; `chimera` itself is added. */
  run(args: readonly string[], options?: Pick<HostRunOptions, "timeoutMs" | "env">): Promise<HostRunResult>;
  /** Throws unless it exits 0; answers standard output. */
  ok(args: readonly string[]): Promise<string>;
  /** What the fleet says of its nodes now; further arguments of `chimera status`. */
  nodes(...args: readonly string[]): Promise<NodeView[]>;
  /** Polls until all nodes fulfil the condition. */
  waitNodes(what: string, condition: (node: NodeView) => boolean, timeoutMs?: number): Promise<NodeView[]>;
}

const StatusAnswer = z.looseObject({ nodes: NodeList.shape.nodes });

/** `person` is one of the fleet's other operators; without it, who made the fleet. */
export function operatorOf(lab: Lab, person?: string): Operator {
  const ws = lab.host("ws");
  const env = person === undefined ? {} : { HOME: homeOf(person), USER: person };
  const run: Operator["run"] = (args, { timeoutMs = 120_000, env: more = {} } = {}) =>
    ws.run(["chimera", ...args], { timeoutMs, env: { ...env, ...more } });
  const ok: Operator["ok"] = (args) => ws.runChecked(["chimera", ...args], { timeoutMs: 120_000, env });
  const nodes: Operator["nodes"] = async (...args) =>
    StatusAnswer.parse(JSON.parse(await ok(["status", "--json", ...args]))).nodes;
  return {
    run,
    ok,
    nodes,
    waitNodes: (what, condition, timeoutMs = 60_000) =>
      waitUntil(
        what,
        async () => {
          const views = await nodes();
          return views.length > 0 && views.every(condition) && views;
        },
        { timeoutMs, everyMs: 200 },
      ),
  };
}
