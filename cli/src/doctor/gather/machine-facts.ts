/** SHELL. What systemd and other programs of this machine say, each asked by argv and for a few seconds at most. */
import { execa } from "execa";
import type { Io } from "../../io.ts";
import { version } from "../../version.ts";
import type { UnitFacts } from "../facts.ts";

const patienceMs = 5_000;
/** NixOS has it there, whatever PATH a rescue shell has. */
const places = "/run/current-system/sw/bin";

/** What it printed; null where it is missing, failed or took too long. */
export async function said(io: Io, argv: readonly string[]): Promise<string | null> {
  const [file = "", ...args] = argv;
  const result = await execa(file, args, {
    env: { ...io.env, PATH: `${io.env["PATH"] ?? ""}:${places}`, LC_ALL: "C" },
    extendEnv: false,
    reject: false,
    stdin: "ignore",
    timeout: patienceMs,
    maxBuffer: 1 << 20,
    cancelSignal: io.signal,
  });
  io.signal.throwIfAborted();
  return result.failed ? null : result.stdout || result.stderr;
}

const properties =
  "LoadState,ActiveState,SubState,Result,Restart,KillMode,RuntimeDirectoryMode,User,NoNewPrivileges,PrivateTmp,PrivateDevices,ProtectSystem,ProtectHome,RestrictNamespaces,CapabilityBoundingSet";

export async function unitFacts(io: Io, unit: string): Promise<UnitFacts> {
  const text = await said(io, ["systemctl", "show", unit, `--property=${properties}`]);
  if (text === null) return null;
  return Object.fromEntries(
    text.split("\n").flatMap((line) => {
      const at = line.indexOf("=");
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
    }),
  );
}

export async function machineFacts(io: Io) {
  const synchronized = await said(io, ["timedatectl", "show", "--property=NTPSynchronized", "--value"]);
  return {
    nowMs: io.nowMs(),
    isRoot: process.getuid?.() === 0,
    cliVersion: version(io.env),
    clock: { synchronized: synchronized === null ? null : synchronized.trim() === "yes" },
  };
}
