/** Where a machine keeps what is compared beyond /etc; other folders in tests. None has a link on the way. */

export interface MachinePlaces {
  run: string;
  etc: string;
  /** Profiles and garbage collector roots. */
  nixVar: string;
  proc: string;
  /** Before /bin and /usr/bin; empty on a machine. */
  root: string;
  sys: string;
}

export const machinePlaces: MachinePlaces = {
  run: "/run",
  etc: "/etc",
  nixVar: "/nix/var/nix",
  proc: "/proc",
  root: "",
  sys: "/sys",
};
