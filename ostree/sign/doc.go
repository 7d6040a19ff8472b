// Package sign signs and verifies commits, summaries and other bytes in the
// ways that OSTree knows: GPG, ed25519, spki, and for test suites dummy.
//
// A check succeeds on one thing only: an explicit valid signature by a trusted
// key that is not revoked. What can't be read is a failure, even beside a good
// signature: a list with a malformed member was made by no OSTree. Keys are
// looked for where libostree looks for them; what the environment says comes in
// through Env.
//
// It never asks the network for a key, never takes a key from what it verifies,
// and never puts key material into an argument of another program.
package sign
