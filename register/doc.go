// Package register gives a device its identity: it makes the key, has the
// certificate request signed by a backend, checks the reply, and puts the
// files down so that the update daemon finds all of them or none.
//
// It trusts the TLS connection to the backend for the reply, and then checks
// that the reply is for this device and this key before a byte of it reaches
// the device's folder. It must never send the private key anywhere, never put
// a secret into an argument list or a log, never write a file that the reply
// names outside the folder, and never destroy a working registration before a
// new one is complete.
//
// The protocol is the one of lmp-device-register: one POST with a CSR, the
// answer a flat JSON map from file name to content.
package register
