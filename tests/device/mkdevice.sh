#!/bin/bash
# mkdevice.sh — build the disk of a virtual OSTree device, without loop devices.
#
#   mkdevice.sh tree  CACHE OUT VERSION OVERLAY   an OSTree-shaped root file system
#   mkdevice.sh disk  REPO REF OUT.img            a bootable disk with REF deployed
#
# CACHE keeps what only depends on the distribution (base tar, kernel). OVERLAY
# is a folder that is copied over the tree before it gets its OSTree shape.
# Debian only, root needed (chroot, chown). Facts the recipe rests on: Debian's
# U-Boot for qemu-x86 runs /boot/boot.scr, ostree's uboot backend writes
# uEnv.txt, and a raw environment at 0x8000 is what fw_setenv in the guest
# writes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

# Only these modules are loaded; everything else in the image would cost boot
# time under emulation. Order matters in the initrd: virtio_ring before virtio.
initrd_modules=(virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk)
guest_modules=(failover net_failover virtio_net virtio_console fat vfat nls_cp437 nls_ascii)

base() { # CACHE: a minimal Debian with systemd and ostree, as a tar
  local tar=$1/base.tar
  [ -s "$tar" ] && return
  mmdebstrap --mode=root --variant=minbase --quiet \
    --include=systemd,systemd-sysv,kmod,ostree,ostree-boot,libubootenv-tool,busybox-static,cpio \
    --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/i18n/*' \
    "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$1/new-base.tar" >&2
  mv "$1/new-base.tar" "$tar"
}

kernel() { # CACHE: the cloud kernel, unpacked
  local k=$1/kernel
  [ -d "$k/lib/modules" ] && return
  rm -rf "$k.new" && mkdir -p "$k.new/deb"
  local image
  image=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n1)
  (cd "$k.new/deb" && apt-get download -q "$image" >&2 && dpkg-deb -x ./*.deb ..)
  rm -rf "$k" && mv "$k.new" "$k"
}

initrd() { # TREE KDIR VERSION OUT: mount the root, ostree-prepare-root, switch
  local tree=$1 kdir=$2 version=$3 out=$4 w n=10 m lib
  w=$(mktemp -d)
  mkdir -p "$w"/{bin,proc,sys,dev,run,sysroot,mod,lib64,lib,usr/lib/ostree}
  cp "$tree/bin/busybox" "$w/bin/busybox"
  for m in sh mount insmod sleep switch_root cat echo; do ln -s busybox "$w/bin/$m"; done
  cp "$tree/usr/lib/ostree/ostree-prepare-root" "$w/usr/lib/ostree/"
  for lib in $(chroot "$tree" ldd /usr/lib/ostree/ostree-prepare-root | grep -o '/[^ ]*'); do
    mkdir -p "$w$(dirname "$lib")" && cp -L "$tree$lib" "$w$lib"
  done
  for m in "${initrd_modules[@]}"; do
    n=$((n + 1))
    find "$kdir" -name "$m.ko" -exec cp {} "$w/mod/$n-$m.ko" \;
  done
  echo "$version" >"$w/version" # makes the boot checksum of each version its own
  install -m755 "$here/init.sh" "$w/init"
  (cd "$w" && find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0 --reproducible) | gzip -1n >"$out"
  rm -rf "$w"
}

modules() { # TREE KDIR RELEASE
  local dest=$1/usr/lib/modules/$3 m
  mkdir -p "$dest/kernel"
  for m in "${initrd_modules[@]}" "${guest_modules[@]}"; do
    find "$2" -name "$m.ko" -exec cp {} "$dest/kernel/" \;
  done
  cp "$2/lib/modules/$3"/modules.{order,builtin,builtin.modinfo} "$dest/"
  depmod -b "$1" "$3"
  printf '%s\n' "${guest_modules[@]}" >"$1/usr/lib/modules-load.d/device.conf"
}

slim() { # TREE: no udev, no logins, no timers: the agent is up in seconds
  local units=$1/etc/systemd/system u
  for u in systemd-{binfmt,pstore,firstboot,sysusers,update-utmp,update-utmp-runlevel,user-sessions,logind,machine-id-commit,random-seed,sysctl,timesyncd,tmpfiles-setup-dev,network-generator,hwdb-update}.service \
    systemd-ask-password-{console,wall}.path {dev-hugepages,dev-mqueue,sys-kernel-debug,sys-kernel-tracing,sys-fs-fuse-connections,sys-kernel-config}.mount \
    proc-sys-fs-binfmt_misc.automount getty.target kmod-static-nodes.service {apt-daily,apt-daily-upgrade,dpkg-db-backup,e2scrub_all,fstrim}.timer; do
    ln -sf /dev/null "$units/$u"
  done
  ln -sf /usr/lib/systemd/system/multi-user.target "$units/default.target"
  # ostree's own mounts /var of the stateroot; without it each deployment has one.
  find "$1/usr/lib/systemd/system-generators" -type f ! -name ostree-system-generator -delete
}

shape() { # TREE: what ostree expects of a root file system
  local t=$1 d
  : >"$t/etc/machine-id" && : >"$t/etc/fstab"
  echo device >"$t/etc/hostname"
  echo '/dev/vda 0x8000 0x4000' >"$t/etc/fw_env.config"
  mv "$t/etc" "$t/usr/etc"
  for d in var home root opt srv mnt media tmp run boot dev proc sys; do rm -rf "${t:?}/$d"; done
  mkdir "$t"/{var,run,dev,proc,sys,boot,sysroot,tmp} && chmod 1777 "$t/tmp"
  for d in home opt srv mnt; do ln -s "var/$d" "$t/$d"; done
  ln -s var/roothome "$t/root" && ln -s run/media "$t/media" && ln -s sysroot/ostree "$t/ostree"
  printf 'd /var/%s\n' 'home 0755' 'roothome 0700' 'lib 0755' 'log 0755' 'tmp 1777' 'sota 0700' >"$t/usr/lib/tmpfiles.d/device.conf"
}

tree() { # CACHE OUT VERSION OVERLAY
  mkdir -p "$1" && base "$1" && kernel "$1"
  rm -rf "$2" && mkdir -p "$2"
  tar -C "$2" -xf "$1/base.tar" --exclude='./dev/*' --exclude='./var/cache/*' --exclude='./var/lib/apt/*'
  local release
  release=$(ls "$1/kernel/lib/modules")
  modules "$2" "$1/kernel" "$release"
  cp "$1/kernel/boot/vmlinuz-$release" "$2/usr/lib/modules/$release/vmlinuz"
  initrd "$2" "$1/kernel" "$3" "$2/usr/lib/modules/$release/initramfs.img"
  rm -rf "$2"/usr/lib/udev/hwdb.* "$2"/usr/share/{zoneinfo,doc,man,locale} "$2"/usr/lib/x86_64-linux-gnu/gconv
  slim "$2"
  cp -a "$4/." "$2/"
  shape "$2"
}

disk() { # REPO REF OUT
  local s
  s=$(mktemp -d) && chmod 755 "$s"
  ostree admin init-fs --modern "$s"
  ostree admin --sysroot="$s" os-init lmp >&2
  ostree --repo="$s/ostree/repo" config set sysroot.bootloader uboot
  mkdir -p "$s/boot/loader.0" && ln -sfn loader.0 "$s/boot/loader" && : >"$s/boot/loader/uEnv.txt"
  ostree --repo="$s/ostree/repo" pull-local "$1" "$2" >&2
  ostree admin --sysroot="$s" deploy --os=lmp "$2" --karg=root=/dev/vda1 --karg=rw --karg=console=ttyS0 --karg=panic=-1 --karg=quiet >&2
  mkimage -A x86 -O linux -T script -C none -n device -d "$here/boot.cmd" "$s/boot/boot.scr" >/dev/null
  rm -f "$3" && truncate -s 1500M "$3"
  printf 'label: dos\nstart=2048, type=83, bootable\n' | sfdisk -q "$3"
  printf 'bootcount=0\nbootlimit=2\nupgrade_available=0\nrollback=0\n' >"$s.env"
  mkenvimage -s 0x4000 -o "$s.bin" "$s.env"
  dd if="$s.bin" of="$3" bs=512 seek=64 conv=notrunc status=none
  mke2fs -q -t ext4 -L otaroot -O ^orphan_file -E offset=1048576,lazy_itable_init=1,lazy_journal_init=1 -d "$s" "$3" $((1499 * 1024))k
  chattr -i "$s"/ostree/deploy/*/deploy/*.0 2>/dev/null || true
  rm -rf "$s" "$s.env" "$s.bin"
}

"$@"
