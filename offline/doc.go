// Package offline is the bundle: a folder on a stick that carries an update to
// a device without a network.
//
//	tuf/N.root.json             every root from 1 on, the bytes of the server
//	tuf/timestamp.json          canonical JSON, as are the next three
//	tuf/snapshot.json
//	tuf/targets.json
//	tuf/bundle-targets.json     which targets are meant, until when; written last
//	ostree_repo/                archive repo with the closure of each target's commit
//	apps/                       Compose Apps in the layout of composectl
//
// docs/formats/bundle.md has the bytes. The room builds a bundle from a
// Backend, opens one for reading, verifies it, adds signatures to it and shows
// what is in it.
//
// It trusts a root that it was given, or says that it took the bundle's own.
// Nothing else in a bundle is believed before it is verified, and no path in
// one is followed out of the folder. It never removes content that a bundle's
// metadata still names, and never lets metadata name content that is not there
// yet: content goes first, and the whole folder of metadata is put in place at
// once. It does not fetch from the network itself; a Backend does.
package offline
