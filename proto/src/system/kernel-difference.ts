/**
 * PURE. Whether a system boots another kernel than another one. The initrd is left out: nearly every update brings another
 * one, and a restart for each would be no policy; boot counting is what protects against a bad one.
 */

export interface KernelFacts {
  /** Where the toplevel's link `kernel` leads; null where a system has none of its own, as in a container. */
  kernel: string | null;
  modules: string | null;
  /** The text of `kernel-params`, trimmed. */
  params: string;
}

/** In words; null when they agree, or where one of them has no kernel. */
export function kernelDifference(from: KernelFacts, to: KernelFacts): string | null {
  if (from.kernel === null || to.kernel === null) return null;
  if (from.kernel !== to.kernel) return `another kernel: ${nameOf(from.kernel)} -> ${nameOf(to.kernel)}`;
  if (from.modules !== to.modules) return "other kernel modules";
  return from.params === to.params ? null : "other kernel parameters";
}

/** `linux-6.12.1` of /nix/store/<hash>-linux-6.12.1/bzImage. */
function nameOf(kernel: string): string {
  const folder = kernel.split("/").at(-2) ?? "";
  return folder.replace(/^[0-9a-z]{32}-/, "");
}
