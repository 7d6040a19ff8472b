// Package pull brings commits from a remote into a repo: it finds out where
// refs stand, verifies the summary and each commit before anything of them is
// written, brings their objects with static deltas or by ostree.CopyAll, and
// moves refs last.
//
// It trusts nothing that a remote says: a ref only where a signed summary or a
// commit's bindings stand for it if the remote's config asks for that, an
// object never. It must never import net/http: what is far away lies behind
// Remote, which client/httprepo implements.
package pull
