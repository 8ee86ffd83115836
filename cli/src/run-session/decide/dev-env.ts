/** PURE. What `nix print-dev-env --json` says, as changes to the variables of whoever calls. */
import { z } from "zod";

const Variable = z.discriminatedUnion("type", [
  z.object({ type: z.enum(["exported", "var"]), value: z.string() }),
  z.object({ type: z.literal("array"), value: z.array(z.string()) }),
  z.object({ type: z.literal("associative"), value: z.record(z.string(), z.string()) }),
  z.object({ type: z.literal("unknown") }),
]);
export const PrintedDevEnv = z.object({ variables: z.record(z.string(), Variable) });
export type PrintedDevEnv = z.infer<typeof PrintedDevEnv>;

export interface DevEnv {
  /** To be set; PATH and XDG_DATA_DIRS come before the caller's own. */
  variables: Readonly<Record<string, string>>;
  /** Only bash can run it: such an environment is entered through bash. */
  hasHook: boolean;
  /** The bash that it was made with. */
  bash: string | null;
}

/** Of the build, not of its user: what Nix itself leaves out, and what devbox found to be left out too. */
const ofTheBuild = new Set([
  ..."BASHOPTS HOME NIX_BUILD_TOP NIX_ENFORCE_PURITY NIX_LOG_FD NIX_REMOTE OLDPWD PPID PWD SHELL SHELLOPTS".split(
    " ",
  ),
  ..."SHLVL TEMP TEMPDIR TERM TMP TMPDIR TZ UID _".split(" "),
]);
const lists = ["PATH", "XDG_DATA_DIRS"];

export function devEnvOf({ variables }: PrintedDevEnv): DevEnv {
  const exported = Object.entries(variables).flatMap(([name, variable]) =>
    variable.type === "exported" && !ofTheBuild.has(name) && !isNoCertificate(name, variable.value)
      ? [[name, variable.value] as const]
      : [],
  );
  const hook = valueOf(variables, "shellHook") ?? "";
  return {
    variables: Object.fromEntries(exported),
    hasHook: hook.trim() !== "",
    bash: valueOf(variables, "BASH") ?? null,
  };
}

/** nixpkgs sets it so that builds do not reach the network. */
function isNoCertificate(name: string, value: string): boolean {
  return (name === "SSL_CERT_FILE" || name === "NIX_SSL_CERT_FILE") && value === "/no-cert-file.crt";
}

function valueOf(variables: PrintedDevEnv["variables"], name: string): string | undefined {
  const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
  return variable?.type === "exported" || variable?.type === "var" ? variable.value : undefined;
}

export type Variables = Readonly<Record<string, string | undefined>>;

/** The caller's variables with those of an environment: its programs are found first, the caller's own after them. */
export function mergeVariables(
  own: Variables,
  set: Readonly<Record<string, string>>,
): Record<string, string> {
  const merged: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) if (value !== undefined) merged[name] = value;
  for (const [name, value] of Object.entries(set)) {
    const before = lists.includes(name) ? (merged[name] ?? "") : "";
    merged[name] = before === "" || value === "" ? value + before : `${value}:${before}`;
  }
  return merged;
}
