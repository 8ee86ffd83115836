# The fleet's hub: nats-server and the controller.
lib: { spec, chimera }:
let
  hardening = import ../../../nix/pure/hardening.nix;
  nats = { bin = "/usr/sbin/nats-server"; configFile = "/etc/chimera/nats.conf"; } // (spec.nats or { });
  service = description: rest: {
    wantedBy = [ "multi-user.target" ];
    text = ''
      [Unit]
      Description=${description}
      After=network.target
      StartLimitIntervalSec=0

      [Service]
      Environment=PATH=${lib.unitPath}
      Environment=HOME=/root
      Restart=always
      RestartSec=500ms
      UMask=0077
      ${rest}
    '';
  };
in
{
  etc =
    lib.optional (nats ? config) { "chimera/nats.conf".text = nats.config; }
    // lib.optional (spec ? controllerConfig) {
      "chimera/controller.json".text = builtins.toJSON spec.controllerConfig;
    };

  units = lib.optional (spec ? nats) {
    "nats-server.service" = service "NATS server" ''
      ExecStart=${nats.bin} -c ${nats.configFile}
      ExecReload=/bin/kill -HUP $MAINPID
      StateDirectory=nats
      LimitNOFILE=20000

    '';
  } // lib.optional (spec ? controllerConfig) {
    "chimera-controller.service" = service "Chimera controller" ''
      ExecStart=${chimera}/bin/chimera-controller serve --config /etc/chimera/controller.json
      StateDirectory=chimera-controller
      StateDirectoryMode=0700
      ${hardening.lines hardening.controller}
    '';
  };
}
