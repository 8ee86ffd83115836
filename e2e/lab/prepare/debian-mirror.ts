// SHELL. The Debian mirror that this machine itself uses, asked of apt: both formats of sources are its business.
import { ChimeraError } from "@chimera/proto/errors";
import { runTool } from "../tools/run-tool.ts";

/** Of the source that serves this machine's own release. `codename` is that of /etc/os-release. */
export async function debianMirror(codename: string): Promise<string> {
  const known = pickMirror(await indexTargets(), codename);
  if (known !== undefined) return known;
  // Images are often shipped without package lists; without them apt does not tell whose a source is.
  await runTool(["apt-get", "update", "-qq"]);
  const mirror = pickMirror(await indexTargets(), codename);
  if (mirror !== undefined) return mirror;
  throw new ChimeraError(
    "tool-missing",
    `apt knows no Debian mirror for ${codename}: add one to /etc/apt/sources.list and run apt-get update`,
  );
}

async function indexTargets(): Promise<string> {
  const format = "$(REPO_URI)|$(ORIGIN)|$(CODENAME)|$(COMPONENT)";
  return runTool(["apt-get", "indextargets", "--format", format, "Created-By: Packages"]);
}

export function pickMirror(targets: string, codename: string): string | undefined {
  for (const line of targets.split("\n")) {
    const [uri, origin, release, component] = line.split("|");
    if (uri === undefined || origin !== "Debian" || release !== codename || component !== "main") continue;
    if (/^(https?|file):\/\/?[^\s"'\\]+$/.test(uri)) return uri.replace(/\/+$/, "");
  }
  return undefined;
}

/** The proxy apt is told to use, for a debootstrap that does not read this machine's apt configuration. */
export async function aptProxyEnv(): Promise<Record<string, string>> {
  const text = await runTool(["apt-config", "shell", "PROXY", "Acquire::http::Proxy"]);
  const proxy = /^PROXY='([^']+)'$/m.exec(text)?.[1];
  return proxy === undefined || proxy === "DIRECT" ? {} : { http_proxy: proxy };
}
