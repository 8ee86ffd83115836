/** PURE. What legitimately changes in /etc on NixOS, as data (nixos.md §1.4). Nothing undeclared is ever touched. */

/**
 * What happens where the closure declares a path that this list names:
 * `compare`: the declaration wins, whoever changes it makes drift;
 * `compare-links`: a declared link is compared, a declared copy is only a seed that a writer goes on with;
 * `skip`: never compared, because the writer below is right.
 */
export type WhenDeclared = "compare" | "compare-links" | "skip";

export interface AllowedChange {
  /** As of the node: begins with /etc/. */
  glob: string;
  reason: string;
  whenDeclared: WhenDeclared;
}

const accounts =
  "the users activation merges declared and local accounts into it; userborn declares it as a link";
const stores = "the service keeps its own state there; a declared file is the closure's all the same";

export const etcAllowList: readonly AllowedChange[] = [
  { glob: "/etc/{passwd,group,shadow,gshadow}", reason: accounts, whenDeclared: "compare-links" },
  {
    glob: "/etc/{passwd,group,shadow,gshadow}-",
    reason: "backup of the account tools",
    whenDeclared: "skip",
  },
  {
    glob: "/etc/{subuid,subgid}{,-}",
    reason: "rewritten by the users activation",
    whenDeclared: "compare-links",
  },
  { glob: "/etc/.pwd.lock", reason: "lock of lckpwdf()", whenDeclared: "skip" },
  {
    glob: "/etc/machine-id",
    reason:
      "the machine's own; systemd commits it or mounts over it, and a node must never be given another's",
    whenDeclared: "skip",
  },
  { glob: "/etc/adjtime", reason: "hwclock rewrites it", whenDeclared: "skip" },
  {
    glob: "/etc/localtime",
    reason: "timedatectl; declared as a link only with time.timeZone",
    whenDeclared: "compare",
  },
  {
    glob: "/etc/resolv.conf",
    reason: "openresolv, NetworkManager or dhcpcd; declared as a link with systemd-resolved",
    whenDeclared: "compare-links",
  },
  { glob: "/etc/resolv.conf.*", reason: "temporary files and backups of openresolv", whenDeclared: "skip" },
  { glob: "/etc/resolvconf.conf", reason: "openresolv's own when not declared", whenDeclared: "compare" },
  {
    glob: "/etc/{hostname,hosts}",
    reason: "DHCP or hostnamectl where no host name is declared",
    whenDeclared: "compare",
  },
  { glob: "/etc/ssh/ssh_host_*", reason: "made by sshd-keygen", whenDeclared: "compare" },
  {
    glob: "/etc/NetworkManager/system-connections/**",
    reason: "nmcli and desktops write connections",
    whenDeclared: "compare",
  },
  {
    glob: "/etc/nixos/**",
    reason: "the administrator's sources; setup-etc prunes it",
    whenDeclared: "compare",
  },
  { glob: "/etc/{NIXOS,.updated}", reason: "written by activation and systemd", whenDeclared: "skip" },
  {
    glob: "/etc/.clean",
    reason: "activation's list of what it copied: it deletes what the list names and the next system lacks",
    whenDeclared: "compare",
  },
  { glob: "/etc/nix/{netrc,machines,.checked}", reason: "the administrator's", whenDeclared: "compare" },
  { glob: "/etc/{credstore,credstore.encrypted}/**", reason: "systemd-creds", whenDeclared: "compare" },
  {
    glob: "/etc/systemd/{system,user}.control/**",
    reason: "systemctl set-property",
    whenDeclared: "compare",
  },
  { glob: "/etc/lvm/{archive,backup,cache}/**", reason: "LVM metadata backups", whenDeclared: "skip" },
  { glob: "/etc/zfs/zpool.cache", reason: "written by zpool", whenDeclared: "skip" },
  { glob: "/etc/{multipath,iscsi}/**", reason: stores, whenDeclared: "compare" },
  {
    glob: "/etc/cups/**",
    reason: "cupsd rewrites even its declared files when printers change",
    whenDeclared: "compare-links",
  },
  { glob: "/etc/printcap", reason: "written by cupsd", whenDeclared: "compare-links" },
  { glob: "/etc/samba/private/**", reason: "samba's secrets", whenDeclared: "skip" },
  { glob: "/etc/libvirt/**", reason: stores, whenDeclared: "compare" },
  {
    glob: "/etc/wpa_supplicant.conf",
    reason: "wpa_cli saves networks into it",
    whenDeclared: "compare-links",
  },
  { glob: "/etc/ppp/*.secrets", reason: stores, whenDeclared: "compare" },
  { glob: "/etc/{openvpn,wireguard}/**", reason: "keys made on the node", whenDeclared: "compare" },
  { glob: "/etc/{rancher,kubernetes}/**", reason: stores, whenDeclared: "compare" },
  { glob: "/etc/cni/net.d/**", reason: "container networks write it", whenDeclared: "compare" },
  { glob: "/etc/docker/key.json", reason: "made by dockerd", whenDeclared: "skip" },
  { glob: "/etc/containers/auth.json", reason: "podman login", whenDeclared: "skip" },
  { glob: "/etc/secureboot/**", reason: "sbctl's keys", whenDeclared: "skip" },
  {
    glob: "/etc/fwupd/remotes.d/**",
    reason: "fwupd enables remotes in place",
    whenDeclared: "compare-links",
  },
];
