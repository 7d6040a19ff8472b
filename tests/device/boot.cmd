# U-Boot script of the virtual device: boot what ostree's uEnv.txt names, count
# the tries while an upgrade is on trial, fall back to the second entry.
setenv envaddr 0x2000000
setenv uenvaddr 0x2100000
virtio read ${envaddr} 0x40 0x20
if env import -c ${envaddr} 0x4000 bootcount bootlimit upgrade_available rollback; then true; else setenv bootcount 0; setenv bootlimit 2; setenv upgrade_available 0; setenv rollback 0; fi
if test "${upgrade_available}" = "1"; then
  # this build has no setexpr
  if test "${bootcount}" = "0"; then setenv bootcount 1; elif test "${bootcount}" = "1"; then setenv bootcount 2; else setenv bootcount 3; fi
  if test ${bootcount} -gt ${bootlimit}; then setenv rollback 1; setenv upgrade_available 0; setenv bootcount 0; fi
  env export -c -s 0x4000 ${envaddr} bootcount bootlimit upgrade_available rollback
  virtio write ${envaddr} 0x40 0x20
fi
echo DEVICE-BOOT bootcount=${bootcount} rollback=${rollback}
if load virtio 0:1 ${uenvaddr} /boot/loader/uEnv.txt; then env import -t ${uenvaddr} ${filesize}; else reset; fi
if test "${rollback}" = "1" && test -n "${kernel_image2}"; then setenv kernel_image ${kernel_image2}; setenv ramdisk_image ${ramdisk_image2}; env set bootargs "${bootargs2}"; fi
if test -e virtio 0:1 ${kernel_image}; then setenv pfx; else setenv pfx /boot; fi
load virtio 0:1 0x1000000 ${pfx}${kernel_image}
setenv ksize ${filesize}
# lower, the kernel would unpack itself over the initrd
load virtio 0:1 0x10000000 ${pfx}${ramdisk_image}
zboot 0x1000000 ${ksize} 0x10000000 ${filesize}
reset
