#!/bin/sh
# The initrd's only program: drivers, root, ostree-prepare-root, switch.
# busybox switch_root moves no mounts, and /run has to come along, since
# ostree-prepare-root leaves /run/ostree-booted there.
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o mode=0755,nosuid,nodev run /run
exec >/dev/console 2>&1 </dev/console
fail() {
  echo "INITRD-FAIL: $*"
  sleep 0.2
  echo b >/proc/sysrq-trigger
  sleep 60
}
for m in /mod/*.ko; do insmod "$m" || fail "insmod $m"; done
root=
for a in $(cat /proc/cmdline); do case $a in root=*) root=${a#root=} ;; esac done
i=0
while [ ! -b "$root" ]; do
  i=$((i + 1))
  [ $i -gt 100 ] && fail "no $root"
  sleep 0.05
done
mount -t ext4 -o rw "$root" /sysroot || fail "mount $root"
/usr/lib/ostree/ostree-prepare-root /sysroot || fail ostree-prepare-root
for d in run dev proc sys; do mount --move "/$d" "/sysroot/$d"; done
exec switch_root /sysroot /sbin/init
