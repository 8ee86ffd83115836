# Set-user-id programs and one with capabilities, made as NixOS 26.05 makes them: by a script of one unit, in the words of nixpkgs' module.
# A wrapper of NixOS is a small program that starts another one; here it is a copy of Debian's `true`.
lib:
let
  copyOf = name: files: lib.runShell name { } ''
    mkdir -p "$out/bin"
    ${lib.mapLines (target: file: ''cp ${file} "$out/bin/${target}"'') files}
    chmod 555 "$out"/bin/*
  '';
  wrapper = name: "${copyOf "security-wrapper-${name}" { security-wrapper = "/usr/bin/true"; }}/bin/security-wrapper";
  libcap = copyOf "libcap" { setcap = "/usr/sbin/setcap"; getcap = "/usr/sbin/getcap"; };
  begin = name: ''
    cp ${wrapper name} "$wrapperDir/${name}"

    # Prevent races
    chmod 0000 "$wrapperDir/${name}"
    chown root:root "$wrapperDir/${name}"
  '';
  script = lib.writeScript "suid-sgid-wrappers-start" ''
    #!/bin/sh -e
    chmod 755 "/run/wrappers"

    # We want to place the tmpdirs for the wrappers to the parent dir.
    wrapperDir=$(mktemp --directory --tmpdir="/run/wrappers" wrappers.XXXXXXXXXX)
    chmod a+rx "$wrapperDir"

    ${begin "lab-suid"}
    chmod "u+s,g-s,u+rx,g+x,o+x" "$wrapperDir/lab-suid"
    ${begin "lab-cap"}
    ${libcap}/bin/setcap "cap_setpcap,cap_net_raw+ep" "$wrapperDir/lab-cap"

    # Set the executable bit
    chmod u+rx,g+x,o+x "$wrapperDir/lab-cap"

    if [ -L /run/wrappers/bin ]; then
      # Atomically replace the symlink
      # See https://axialcorps.com/2013/07/03/atomically-replacing-files-and-directories/
      old=$(readlink -f /run/wrappers/bin)
      if [ -e "/run/wrappers/bin-tmp" ]; then
        rm --force --recursive "/run/wrappers/bin-tmp"
      fi
      ln --symbolic --force --no-dereference "$wrapperDir" "/run/wrappers/bin-tmp"
      mv --no-target-directory "/run/wrappers/bin-tmp" "/run/wrappers/bin"
      rm --force --recursive "$old"
    else
      # For initial setup
      ln --symbolic "$wrapperDir" "/run/wrappers/bin"
    fi
  '';
in
{
  etc = { };
  units = {
    "run-wrappers.mount" = {
      wantedBy = [ "local-fs.target" ];
      text = ''
        [Unit]
        DefaultDependencies=false
        Before=local-fs.target

        [Mount]
        What=tmpfs
        Where=/run/wrappers
        Type=tmpfs
        Options=nodev,mode=755,size=50%
      '';
    };
    "suid-sgid-wrappers.service" = {
      wantedBy = [ "sysinit.target" ];
      text = ''
        [Unit]
        Description=Create SUID/SGID Wrappers
        DefaultDependencies=false
        RequiresMountsFor=/nix/store /run/wrappers
        After=systemd-sysusers.service
        Before=sysinit.target shutdown.target
        Conflicts=shutdown.target

        [Service]
        Environment=PATH=${lib.unitPath}
        Type=oneshot
        RestrictSUIDSGID=false
        ExecStart=${script}
      '';
    };
  };
}
