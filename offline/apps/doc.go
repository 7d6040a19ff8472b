// Package apps puts Compose Apps into a bundle.
//
// An app is a tree of blobs, each named by the SHA-256 of its bytes: the
// target's URI names the app's manifest, that the app's archive with its compose
// file, that the images of its services, those their layers. Closure walks the
// tree and wants all of it. Writer puts blobs into the bundle, each verified as
// it comes, and lays out beside them the folder per app that devices look for:
//
//	apps/blobs/sha256/HEX             every blob, once
//	apps/apps/NAME/HEX/uri            the app's URI, byte for byte the target's
//	apps/apps/NAME/HEX/manifest.json  and more; docs/formats/bundle.md has it
//	apps/tmp/                         what is being written
//
// Wherever apps come from, only blobs are taken over: the rest is made here
// from them, so that it fits the target. The room makes no links, asks nothing
// of a file system that FAT cannot do, fetches nothing, starts nothing, and
// does not know what a target is. Verifying a bundle is not its job: that is
// done elsewhere, from the documented layout.
package apps
