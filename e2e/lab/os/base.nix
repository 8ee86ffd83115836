# What every lab machine has: network, ssh, Nix, the targets that closures hang units on.
lib: spec:
let
  inherit (lib) optional;
  network = spec.network or null;
  nix = { trustedPublicKeys = [ ]; substituters = [ ]; extra = ""; } // (spec.nix or { });
  target = description: extra: { text = "[Unit]\nDescription=${description}\n${extra}"; };
  # What containers do not need; each costs every daemon-reload, and so every switch, 10 ms.
  generators = [ "debug" "getty" "gpt-auto" "hibernate-resume" "rc-local" "run" "ssh" "system-update" "sysv" "tpm2" ];
  tmpfiles = "d /var/lib/lab 0755 root root -\n";
in
{
  etc = {
    "hostname".text = "${spec.host}\n";
    "os-release".text = ''
      ID=chimera-lab
      ID_LIKE=nixos
      NAME="Chimera lab"
      PRETTY_NAME="Chimera lab (${spec.label})"
      VERSION_ID="${spec.label}"
    '';
    "mtab" = { source = "/proc/mounts"; mode = "direct-symlink"; };
    "nix/nix.conf".text = ''
      build-users-group =
      sandbox = false
      require-sigs = true
      max-jobs = auto
      experimental-features = nix-command flakes
      substituters = ${toString nix.substituters}
      trusted-public-keys = ${toString nix.trustedPublicKeys}
      ${nix.extra}
    '';
    "profile.d/system-path.sh".text = ''
      export PATH=${lib.unitPath}
    '';
    "ssh/sshd_config".text = ''
      HostKey /etc/ssh/ssh_host_ed25519_key
      AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys.d/%u
      PermitRootLogin prohibit-password
      PasswordAuthentication no
      KbdInteractiveAuthentication no
      UsePAM yes
      SetEnv PATH=${lib.unitPath}
      Subsystem sftp internal-sftp
    '';
    # Copied, since sshd refuses a file below a directory that others may write to.
    "ssh/authorized_keys.d/root" = {
      text = builtins.concatStringsSep "" (map (key: "${key}\n") (spec.authorizedKeys or [ ]));
      mode = "0444";
    };
    "sudoers" = { text = "root ALL=(ALL) ALL\n"; mode = "0440"; };
    "lab/owned-by-name" = { text = "for root and group adm only\n"; mode = "0640"; user = "root"; group = "adm"; };
    "systemd/system.conf".text = "[Manager]\nDefaultTimeoutStopSec=20s\n";
    "tmpfiles.d/lab.conf".text = tmpfiles;
    # Hides Debian's file of this name, which would replace mtab and more at each boot.
    "tmpfiles.d/debian.conf".text = "L /run/shm - - - - /dev/shm\nd /run/lock 1777 root root -\n";
  } // optional (spec ? hosts) {
    # Without this argument the machine's own file stays.
    "hosts".text = "127.0.0.1 localhost\n::1 localhost\n" + lib.mapLines (name: address: "${address} ${name}") spec.hosts + "\n";
  } // builtins.listToAttrs (map
    (name: { name = "systemd/system-generators/systemd-${name}-generator"; value.source = "/dev/null"; })
    generators) // optional (network != null) {
    "systemd/network/10-host0.network".text = ''
      [Match]
      Name=host0

      [Network]
      Address=${network.address}
      LinkLocalAddressing=no
      IPv6AcceptRA=no
      ${if network ? gateway then "Gateway=${network.gateway}" else ""}
    '';
  };

  units = {
    "multi-user.target" = (target "Multi-User System" ''
      Requires=basic.target
      Conflicts=rescue.service rescue.target
      After=basic.target rescue.service rescue.target
      AllowIsolate=yes
    '') // { aliases = [ "default.target" ]; };
    "timers.target" = target "Timer Units" "DefaultDependencies=no\nConflicts=shutdown.target\n";
    "sockets.target" = target "Socket Units" "";
    "sysinit-reactivation.target" = target "Reactivate sysinit units" "";
    "systemd-tmpfiles-resetup.service" = {
      wantedBy = [ "sysinit-reactivation.target" ];
      text = ''
        [Unit]
        Description=Re-setup tmpfiles on a system that is already running.
        DefaultDependencies=no
        Conflicts=shutdown.target
        After=systemd-tmpfiles-setup.service
        Before=sysinit-reactivation.target shutdown.target
        X-Restart-Triggers=${lib.writeText "tmpfiles-lab.conf" tmpfiles}

        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=/usr/bin/systemd-tmpfiles --create --remove --exclude-prefix=/dev
        SuccessExitStatus=DATAERR CANTCREAT
      '';
    };
    "systemd-networkd.service" = { debian = true; wantedBy = [ "multi-user.target" ]; aliases = [ "dbus-org.freedesktop.network1.service" ]; };
    "systemd-networkd.socket" = { debian = true; wantedBy = [ "sockets.target" ]; };
  } // optional (network != null) {
    # A machine that is `running` has its address, unless its cable is cut: then it does not wait for long, and neither
    # is that its own failure. (Debian's unit waits 120 s and fails, at every switch again.)
    "systemd-networkd-wait-online.service" = {
      wantedBy = [ "multi-user.target" "network-online.target" ];
      text = ''
        [Unit]
        Description=Wait for the network
        DefaultDependencies=no
        Conflicts=shutdown.target
        Requires=systemd-networkd.service
        After=systemd-networkd.service
        Before=network-online.target shutdown.target

        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=-/usr/lib/systemd/systemd-networkd-wait-online --interface=host0 --timeout=10
      '';
    };
  } // {
    "sshd-keygen.service" = {
      wantedBy = [ "multi-user.target" ];
      text = ''
        [Unit]
        Description=Make the ssh host key
        Before=sshd.service

        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=/bin/sh -c '[ -s /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key'
      '';
    };
    "sshd.service" = {
      wantedBy = [ "multi-user.target" ];
      text = ''
        [Unit]
        Description=SSH Daemon
        After=network.target sshd-keygen.service
        Wants=sshd-keygen.service
        X-Restart-Triggers=${lib.writeText "restart-sshd" (builtins.toJSON (spec.authorizedKeys or [ ]))}

        [Service]
        Type=notify
        ExecStart=/usr/sbin/sshd -D -f /etc/ssh/sshd_config
        KillMode=process
        Restart=always
        RuntimeDirectory=sshd
        X-StopIfChanged=false
      '';
    };
    # Nobody sits before a container, and these only cost time.
    "console-getty.service".mask = true;
    "systemd-firstboot.service".mask = true;
    "e2scrub_reap.service".mask = true;
  };
}
