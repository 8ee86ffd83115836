// SHELL. Everything that a machine needs before a lab can be up, or a test can use the lab's tools.
import { installHostPackages } from "./host-packages.ts";
import { checkPreconditions } from "./preconditions.ts";
import type { Report } from "../report.ts";
import { ensureRootfs } from "./rootfs.ts";

/** Answers the path of the root filesystem. Cheap when nothing is missing. */
export async function prepare(report: Report): Promise<string> {
  const os = await checkPreconditions();
  await installHostPackages(report);
  return ensureRootfs(os, report);
}
