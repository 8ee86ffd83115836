# What the controller's service may do: files below its state directory, and sockets. It holds no key that can change a node.
{
  UMask = "0077";
  NoNewPrivileges = true;
  CapabilityBoundingSet = "";
  LockPersonality = true;
  PrivateDevices = true;
  PrivateTmp = true;
  PrivateUsers = true;
  ProcSubset = "pid";
  ProtectClock = true;
  ProtectControlGroups = true;
  ProtectHome = true;
  ProtectHostname = true;
  ProtectKernelLogs = true;
  ProtectKernelModules = true;
  ProtectKernelTunables = true;
  ProtectProc = "invisible";
  ProtectSystem = "strict";
  RemoveIPC = true;
  # AF_NETLINK: Node lists the machine's interfaces through it.
  RestrictAddressFamilies = [
    "AF_INET"
    "AF_INET6"
    "AF_UNIX"
    "AF_NETLINK"
  ];
  RestrictNamespaces = true;
  RestrictRealtime = true;
  RestrictSUIDSGID = true;
  SystemCallArchitectures = "native";
  SystemCallErrorNumber = "EPERM";
  # @pkey: V8 takes protection keys. No MemoryDenyWriteExecute: V8 compiles while it runs.
  SystemCallFilter = [
    "@system-service"
    "@pkey"
    "~@privileged"
  ];
  LimitNOFILE = 65536;
}
