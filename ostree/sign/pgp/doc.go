// Package pgp is as much of OpenPGP as OSTree needs: keyrings, detached binary
// signatures, and what GnuPG thinks of the keys behind them.
//
// The packets and the arithmetic are go-crypto's; what counts as a valid
// signature is decided here, one rule after the other, because that library
// answers other questions (it looks for any key that fits, and skips what it
// can't read). Where GnuPG and this package differ, this one says no: see
// docs/compatibility.md.
//
// A library for a format this old has panicked on hostile packets before. Every
// call into it that reads foreign bytes goes through guard, which turns a panic
// into an error: the signature or key then doesn't count. Nothing of a half-read
// packet is used after that.
package pgp
