// Package tuf is the trust engine: keys, roles, the root chain, and what it
// vouches for.
//
// A repository is read by a Dialect, which the trusted root tells; nothing
// switches dialect along a chain. At home here is ota-tuf, the dialect of
// Foundries, OTA Connect and aktualizr:
// capitalised _type, upper-case key types, base64 signatures with a method,
// key id = SHA-256 of the DER SubjectPublicKeyInfo. Signatures are checked over
// the canonical form of the tokens that were received, never over a struct that
// was marshalled again.
//
// It trusts nothing but a root that it was given or walked to. It never reads
// the clock twice in one operation, never lowers a version, and never talks to
// the network: a Fetcher brings bytes, a Cache keeps them.
package tuf
