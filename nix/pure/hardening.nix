# PURE: what systemd keeps each of Chimera's services from, and why not more. NixOS's modules and the lab's units both take it from
# here; docs/hardening.md has the scores.
let
  # For a program that needs no device, no kernel and no other user's files.
  strict = {
    LockPersonality = true;
    NoNewPrivileges = true;
    PrivateDevices = true;
    PrivateTmp = true;
    ProtectClock = true;
    ProtectControlGroups = true;
    ProtectHome = true;
    ProtectHostname = true;
    ProtectKernelLogs = true;
    ProtectKernelModules = true;
    ProtectKernelTunables = true;
    ProtectSystem = "strict";
    RemoveIPC = true;
    RestrictNamespaces = true;
    RestrictRealtime = true;
    RestrictSUIDSGID = true;
    SystemCallArchitectures = "native";
    SystemCallErrorNumber = "EPERM";
    UMask = "0077";
  };

  one =
    name: value:
    if builtins.isBool value then
      "${name}=${if value then "yes" else "no"}"
    else if builtins.isList value then
      builtins.concatStringsSep "\n" (map (one name) value)
    else
      "${name}=${toString value}";
in
{
  # The agent is root's hand on the whole machine: it puts back files, mounts, modes and attributes anywhere. What is not here, and why:
  # each Protect…, Private… or ReadOnly… makes a mount namespace, and the agent would put things back where nobody else sees it;
  # NoNewPrivileges and the system call filters would hold for operators' health checks, which run in it (ping, smartctl, `nix`);
  # MemoryDenyWriteExecute: V8 compiles while it runs; RestrictNamespaces: a read-only store is repaired in a namespace of its own;
  # RestrictSUIDSGID: it restores such modes; ProtectProc: it names who has a file open. Activations and sessions run in units of
  # their own, which inherit nothing of this.
  sentinel = {
    # Nothing of it loads modules, sets the clock, restarts past systemd or accounts for processes.
    CapabilityBoundingSet = "~CAP_SYS_MODULE CAP_SYS_TIME CAP_SYS_BOOT CAP_SYS_PACCT CAP_WAKE_ALARM CAP_BLOCK_SUSPEND CAP_AUDIT_CONTROL";
    LockPersonality = true;
    RestrictRealtime = true;
    UMask = "0077";
  };

  # A shell, now and then tmux and systemctl, whose sockets are files.
  watchdog = strict // {
    CapabilityBoundingSet = "CAP_KILL";
    IPAddressDeny = "any";
    MemoryDenyWriteExecute = true;
    PrivateNetwork = true;
    ReadWritePaths = "-/run/chimera";
    RestrictAddressFamilies = "AF_UNIX";
    SystemCallFilter = [ "@system-service" ];
  };

  # Makes two key files. No MemoryDenyWriteExecute and with @pkey: V8.
  identity = strict // {
    CapabilityBoundingSet = "";
    PrivateNetwork = true;
    RestrictAddressFamilies = "AF_UNIX";
    SystemCallFilter = [
      "@system-service"
      "@pkey"
    ];
  };

  # The controller, and the stand-in beside it: files below the state directory, and sockets. Neither holds a key that can change a node.
  controller = strict // {
    CapabilityBoundingSet = "";
    PrivateUsers = true;
    ProcSubset = "pid";
    ProtectProc = "invisible";
    # AF_NETLINK: Node lists the machine's interfaces through it.
    RestrictAddressFamilies = [
      "AF_INET"
      "AF_INET6"
      "AF_UNIX"
      "AF_NETLINK"
    ];
    # @pkey: V8 takes protection keys. No MemoryDenyWriteExecute: V8 compiles while it runs.
    SystemCallFilter = [
      "@system-service"
      "@pkey"
      "~@privileged"
    ];
    LimitNOFILE = 65536;
  };

  # As lines of a unit file.
  lines = directives: builtins.concatStringsSep "\n" (builtins.attrValues (builtins.mapAttrs one directives));
}
