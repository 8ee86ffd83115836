// SHELL. The peer of bench `drift`: one check of the same /etc by AIDE, which tells and does not restore. AIDE runs when
// it is started, so this is the least time in which it can notice a change; the interval of its timer comes on top.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { ChimeraError } from "@chimera/proto/errors";
import { installDebianPackage } from "../lab/prepare/host-packages.ts";
import type { Host } from "../lab/host/host.ts";
import type { Report } from "../lab/report.ts";
import { runTool } from "../lab/tools/run-tool.ts";
import { spread } from "./figures.ts";

const runs = 20;

export async function aidePeer(node: Host, report: Report) {
  await installDebianPackage("aide", "/usr/bin/aide", report);
  const folder = await mkdtemp(join(tmpdir(), "chimera-aide-"));
  try {
    const etc = join(folder, "etc");
    await copyEtc(node, etc);
    const configuration = join(folder, "aide.conf");
    const lines = [
      `database_in=file:${folder}/aide.db`,
      `database_out=file:${folder}/aide.db.new`,
      "report_url=stdout",
      `${etc} p+i+l+u+g+s+sha256`,
    ];
    await writeFile(configuration, `${lines.join("\n")}\n`);
    const made = await runTool(["aide", "--init", `--config=${configuration}`]);
    const entries = Number(/Number of entries:\s*(\d+)/.exec(made)?.[1] ?? 0);
    // A check of next to nothing would be a fast peer.
    if (entries < 200) throw new ChimeraError("tool-failed", `aide saw only ${entries} entries of /etc`);
    await runTool(["mv", join(folder, "aide.db.new"), join(folder, "aide.db")]);
    report(`${runs} checks by aide`);
    const samples: number[] = [];
    for (let i = 0; i < runs; i += 1) {
      const begun = performance.now();
      // Its exit code tells differences: any is a finished check, a signal is not.
      const { exitCode } = await execa("aide", ["--check", `--config=${configuration}`], { reject: false });
      if (exitCode === undefined || exitCode > 7)
        throw new Error(`aide ended with ${exitCode ?? "a signal"}`);
      samples.push(performance.now() - begun);
    }
    const settings = `one --check of a copy of n1's /etc (${entries} entries, p+i+l+u+g+s+sha256); it only detects, and its timer's interval comes on top`;
    return { name: "aide", value: spread(samples).p50, settings };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function copyEtc(node: Host, target: string): Promise<void> {
  const archive = `${target}.tar`;
  const packed = await node.runChecked(["/bin/sh", "-c", "tar -C /etc -cf - . | base64 -w0"], {
    timeoutMs: 60_000,
  });
  await writeFile(archive, Buffer.from(packed, "base64"));
  await mkdir(target, { recursive: true });
  await runTool(["tar", "-C", target, "-xf", archive]);
}
