/** PURE. An environment that is there: what a command needs so that it runs in it. */

export interface Prepared {
  /** What its GC root holds. */
  store: string | null;
  /** To be set over the caller's own. */
  variables: Readonly<Record<string, string>>;
  /** Words before those of the command: what enters the environment. */
  entry: readonly string[];
  /** Where those have to be called; null: where the command is. */
  entryFolder: string | null;
}

export const nothingPrepared: Prepared = { store: null, variables: {}, entry: [], entryFolder: null };

/** Runs the environment's own script with its hook, as `nix develop` does, and then the command in its place. */
export function throughBash(bash: string, script: string): string[] {
  return [bash, "--noprofile", "--norc", "-c", 'source "$1"; shift; exec "$@"', "chimera", script];
}
