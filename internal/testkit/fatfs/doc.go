// Package fatfs is a file system for tests that has the rules of FAT, served by
// FUSE from memory: no links, no modes or owners, folded case, no names that
// FAT refuses, files of a limited length, no exchange of two names. It can be
// full, become read-only, or be gone, after so many changes; and it keeps a log
// of all changes, out of which it makes what a power cut would have left at any
// point. It is for tests only and keeps nothing.
package fatfs
