# Health checks, restarts and boot counting in our modules. Each attribute is one case; nix/test/module-recovery.int.test.ts reads them.
# Usage: nix-instantiate --eval --strict --json --argstr nixpkgsLib <dir> -A <case> nix/tests/recovery.nix
{ nixpkgsLib }:
let
  inherit (import ./evaluated.nix { inherit nixpkgsLib; })
    lib
    evaluate
    agentBase
    agentWith
    agentModuleWith
    agentResult
    problemsOf
    ;

  checks = list: agentWith { checks = list; };
  reboot = settings: agentWith { reboot = settings; };
  web = {
    name = "web";
    kind = "http";
    url = "http://127.0.0.1/health";
  };
  rule = {
    unit = "flaky.service";
    reason = "comes up late";
  };
  counting =
    {
      systemdBoot ? true,
      ...
    }@arguments:
    evaluate (
      {
        modules = [
          agentBase
          {
            services.chimera.agent.bootCounting = {
              enable = true;
              tries = 2;
            };
            boot.loader.systemd-boot.enable = systemdBoot;
          }
        ];
      }
      // builtins.removeAttrs arguments [ "systemdBoot" ]
    );
in
{
  # Accepted; the agent's own schema reads what comes out.
  allChecks = agentResult (checks [
    {
      name = "unit";
      kind = "unit";
      unit = "web@1.service";
      passes = 5;
    }
    {
      name = "command";
      kind = "command";
      argv = [
        "/run/current-system/sw/bin/true"
        "-x"
      ];
    }
    (
      web
      // {
        statuses = [
          200
          204
        ];
        contains = "ok";
        from = "lead";
      }
    )
    {
      name = "tcp";
      kind = "tcp";
      host = "::1";
      port = 22;
    }
    {
      name = "contact";
      kind = "contact";
      graceSeconds = 30;
    }
    {
      name = "gpu";
      kind = "gpu";
      count = 8;
    }
    {
      name = "nix";
      kind = "nix";
    }
  ]);
  allRestarts = agentResult (agentWith {
    afterCommit = "revert-node";
    units = [ rule ];
    reserve.bootMb = 0;
    reboot = {
      policy = "window";
      window = {
        from = "23:30";
        to = "02:00";
      };
      acceptUnprotected = true;
      panicReboot = "now";
      drain.argv = [ "/bin/drain" ];
      undrain = {
        argv = [ "/bin/undrain" ];
        timeoutSeconds = 60;
      };
    };
  });
  counts =
    let
      evaluation = counting { };
    in
    {
      inherit (evaluation) problems;
      inherit (evaluation.config.boot.loader.systemd-boot) bootCounting;
    };
  withoutCounting =
    let
      evaluation = evaluate {
        modules = [ agentBase ];
        withBootCounting = false;
      };
    in
    {
      inherit (evaluation) problems;
      inherit (evaluation.config.boot) kernelParams;
    };
  panicLeftAlone = (agentModuleWith { panicSeconds = null; }).config.boot.kernelParams;
  recoveryUnits = builtins.intersectAttrs {
    chimera-recover = null;
    chimera-gate = null;
  } (evaluate { modules = [ agentBase ]; }).config.systemd.services;

  # An assertion fails.
  httpWithoutUrl = problemsOf (checks [ (builtins.removeAttrs web [ "url" ]) ]);
  httpWithPort = problemsOf (checks [ (web // { port = 80; }) ]);
  tcpWithoutPort = problemsOf (checks [
    {
      name = "tcp";
      kind = "tcp";
      host = "db";
    }
  ]);
  commandByName = problemsOf (checks [
    {
      name = "shell";
      kind = "command";
      argv = [ "true" ];
    }
  ]);
  checksTwice = problemsOf (checks [
    web
    web
  ]);
  tooManyChecks = problemsOf (checks (lib.genList (i: web // { name = "web-${toString i}"; }) 65));
  rulesTwice = problemsOf (agentWith {
    units = [
      rule
      rule
    ];
  });
  windowMissing = problemsOf (reboot { policy = "window"; });
  countingUnknown = problemsOf (counting { withBootCounting = false; });
  countingWithGrub = problemsOf (counting { systemdBoot = false; });

  # Evaluation stops.
  unknownKind = agentResult (checks [ (web // { kind = "ping"; }) ]);
  checkName = agentResult (checks [ (web // { name = "Web 1"; }) ]);
  tooOften = agentResult (checks [ (web // { everySeconds = 0; }) ]);
  misspeltKey = agentResult (checks [ (web // { statusses = [ 200 ]; }) ]);
  unitWithoutSuffix = agentResult (agentWith { units = [ (rule // { unit = "flaky"; }) ]; });
  ruleWithoutReason = agentResult (agentWith { units = [ { unit = "flaky.service"; } ]; });
  unknownAfterCommit = agentResult (agentWith { afterCommit = "reboot"; });
  unknownPolicy = agentResult (reboot { policy = "always"; });
  badTime = agentResult (reboot {
    window = {
      from = "24:00";
      to = "02:00";
    };
  });
  halfWindow = agentResult (reboot { window.from = "02:00"; });
  drainByName = agentResult (reboot { drain.argv = [ "drain" ]; });
  drainNothing = agentResult (reboot { drain.argv = [ ]; });
  negativeReserve = agentResult (agentWith { reserve.storeMb = 0 - 1; });
  noTries = (agentModuleWith { bootCounting.tries = 0; }).config.services.chimera.agent.bootCounting;
  panicAtOnce = (agentModuleWith { panicSeconds = 0; }).config.boot.kernelParams;
}
