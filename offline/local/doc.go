// Package local is a backend for bundles where there is none: a store of
// objects, keys in hand, and a folder that keeps the TUF repository they sign.
//
// The folder outlives the runs. Every version number is written down before it
// is used, so that none is given out twice, also when a run broke off; what is
// signed lies in the folder before it goes into a bundle. It trusts the folder to
// be the newest state and nothing that lies in it: files are verified by the
// folder's own chain of roots before anything is built on them. It must never
// keep a key, open the network, or sign what it has not read.
package local
