// Package agent updates an OSTree device: it checks in with a source of
// updates, selects a target, brings its content in, deploys it, and after the
// reboot makes the outcome final.
//
// Where updates come from is a Source, a gateway or a bundle; nothing after it
// asks which. What the device runs is decided by signed data, its own
// configuration and its own memory; a source may only withhold.
//
// It trusts its configuration, its database and its sysroot, all of which only
// root may write, and the root metadata that the device was given. It believes
// nothing a source says before tuf or ostree has verified it. It never
// deploys a commit whose closure is not complete and verified, never forgets
// which target is pending or current, and never runs two operations at once.
package agent
