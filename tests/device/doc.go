// Package device boots a real OSTree device in an emulator and updates it
// offline: U-Boot, ostree-prepare-root and systemd are Debian's, the disk is
// one that ostree deployed to, and the bundle comes on a FAT32 stick.
//
// Run it with "make test-device". It needs root and a Debian host; everything
// lives behind the build tag "device", since building the image takes longer
// than the rest of the tests together.
package device
