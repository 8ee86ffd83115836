/** SHELL. Whether a system boots another kernel than the one that runs: read from both toplevels. */
import { readFileSync, realpathSync } from "node:fs";
import { kernelDifference, type KernelFacts } from "@chimera/proto/system/kernel-difference";

/** In words; null when they agree, or where a system has no kernel of its own, as in a container. */
export function compareKernel(booted: string, wanted: string): string | null {
  return kernelDifference(factsOf(booted), factsOf(wanted));
}

function factsOf(toplevel: string): KernelFacts {
  return {
    kernel: realPath(`${toplevel}/kernel`),
    modules: realPath(`${toplevel}/kernel-modules`),
    params: textOf(`${toplevel}/kernel-params`),
  };
}

function realPath(file: string): string | null {
  try {
    return realpathSync(file);
  } catch {
    return null;
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return "";
  }
}
