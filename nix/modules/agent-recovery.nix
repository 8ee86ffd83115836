# What keeps a node from being left broken over a restart: recovery before the sentinel, the gate before boot-complete.target, boot
# counting, and a kernel that restarts after a panic.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.chimera.agent;
  option = "services.chimera.agent";
  sentinel = import ../pure/sentinel.nix;
  path = import ./unit-path.nix { inherit config pkgs; };
  agent = lib.getExe' cfg.package "chimera-agent";
  gate = pkgs.writeScript "chimera-gate" (sentinel.gate pkgs.runtimeShell);
  environment = {
    LANG = "C.UTF-8";
    HOME = "/root";
  };

  canCount = options ? boot.loader.systemd-boot.bootCounting;
  counting = cfg.bootCounting.enable;
in
{
  options.services.chimera.agent = {
    bootCounting = {
      enable = lib.mkEnableOption ''
        boot counting in systemd-boot: a boot entry that was tried {option}`tries` times without reaching
        `boot-complete.target` is passed over. `chimera-gate.service` keeps a system that has to prove itself from reaching it
        before it has. It needs a nixpkgs that has `boot.loader.systemd-boot.bootCounting`'';
      tries = mkOption {
        type = types.ints.between 1 9;
        default = 3;
        description = "How often a new entry is tried.";
      };
    };

    panicSeconds = mkOption {
      type = types.nullOr (types.ints.between 1 3600);
      default = 30;
      description = ''
        A kernel that panics restarts the machine after so long (`panic=` of the kernel's parameters), and it lands in the boot
        default. Without it a panicked machine stands still until somebody comes. `null` leaves the parameter alone.
      '';
    };
  };

  config = lib.mkIf cfg.enable (
    lib.mkMerge [
      {
        assertions = [
          {
            assertion = counting -> canCount;
            message = "${option}.bootCounting.enable: this nixpkgs has no boot.loader.systemd-boot.bootCounting: take a newer one, or leave it off (one-shot boot entries need no counting)";
          }
          {
            assertion = counting -> config.boot.loader.systemd-boot.enable;
            message = "${option}.bootCounting.enable: only systemd-boot counts boots, and boot.loader.systemd-boot.enable is false";
          }
        ];

        boot.kernelParams = lib.mkIf (cfg.panicSeconds != null) [ "panic=${toString cfg.panicSeconds}" ];

        # Ordered before the sentinel and not required by it: where it fails, the agent does the rest. No sandbox: what it activates
        # runs in a unit of its own, but the journal, the profile and the boot partition are written from here.
        systemd.services.chimera-recover = {
          description = "Chimera recovery (finishes or undoes what was interrupted)";
          wantedBy = [ "multi-user.target" ];
          before = [ "chimera-sentinel.service" ];
          after = [ "local-fs.target" ];
          restartIfChanged = false;
          unitConfig = {
            RequiresMountsFor = [
              "/nix/store"
              "/var/lib/chimera"
            ];
            X-StopOnRemoval = false;
          };
          inherit path environment;
          serviceConfig = {
            Type = "oneshot";
            RemainAfterExit = true;
            ExecStart = "${lib.getExe' cfg.package "chimera-recover"} --config /etc/chimera/agent.json";
            # It limits itself to 20 minutes.
            TimeoutStartSec = "25min";
            RuntimeDirectory = "chimera";
            RuntimeDirectoryMode = "0700";
            RuntimeDirectoryPreserve = true;
            StateDirectory = "chimera";
            StateDirectoryMode = "0700";
            UMask = "0077";
          };
        };

        # Pulled in by boot-complete.target only, which without boot counting nobody asks for. There is no cycle, and the boot itself
        # does not wait: systemd-bless-boot.service, which basic.target wants, has no default dependencies and is ordered after
        # boot-complete.target alone; that one is ordered after sysinit.target, and multi-user.target not at all.
        systemd.services.chimera-gate = {
          description = "Chimera gate (a boot is complete when the booted system has proved itself)";
          requiredBy = [ "boot-complete.target" ];
          before = [ "boot-complete.target" ];
          # Its agent gives the proof.
          after = [ "chimera-sentinel.service" ];
          restartIfChanged = false;
          unitConfig.X-StopOnRemoval = false;
          inherit path environment;
          serviceConfig = {
            Type = "oneshot";
            RemainAfterExit = true;
            ExecStart = "${gate} ${agent}";
            # Longer than any probation.
            TimeoutStartSec = "2h";
          };
        };
      }
      (lib.optionalAttrs canCount {
        boot.loader.systemd-boot.bootCounting = lib.mkIf counting {
          enable = true;
          inherit (cfg.bootCounting) tries;
        };
      })
    ]
  );
}
