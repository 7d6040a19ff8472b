// Package server is the embedded backend: what publishes to it, what it signs,
// and what devices fetch from it, in one process over one folder.
//
// It assembles the rooms below it (store, pki, metadata, objects, factory,
// devices, gateway), binds two listeners, and stops them in order. The API
// listener speaks plain HTTP to operators and publishers who hold a token; the
// gateway listener speaks mutual TLS to devices. It trusts the folder it was
// given and nothing that comes over the network.
//
// It never answers with success before what it answers for is on disk, never
// signs metadata it did not author, and never follows a name from outside out
// of its folder.
package server
