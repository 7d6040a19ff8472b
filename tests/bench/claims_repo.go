package main

// What the comparisons start from. Both programs read the same repos, made by
// the real one.
var (
	repo = lines("archive repo of both versions",
		"ostree init --repo={dir}/repo --mode=archive",
		"ostree commit --repo={dir}/repo -b v1 --tree=dir={roots}/v1 --timestamp=@1700000000 -s 1",
		"ostree commit --repo={dir}/repo -b v2 --tree=dir={roots}/v2 --timestamp=@1700000001 -s 2",
		"ostree summary -u --repo={dir}/repo")
	bare = lines("bare repo of version 1",
		"ostree init --repo={dir}/bare --mode=bare",
		"ostree commit --repo={dir}/bare -b v1 --tree=dir={roots}/v1 --timestamp=@1700000000 -s 1")
	bareUser = lines("bare-user repo of version 1",
		"ostree init --repo={dir}/bare-user --mode=bare-user",
		"ostree commit --repo={dir}/bare-user -b v1 --tree=dir={roots}/v1 --timestamp=@1700000000 -s 1")
)

// Lines that make an empty repo for one run.
const (
	newArchive  = "ostree init --repo={out} --mode=archive"
	newBare     = "ostree init --repo={out} --mode=bare"
	newBareUser = "ostree init --repo={out} --mode=bare-user"
	// committed is a repo for one run that has version 1, for a commit that
	// finds all objects there.
	committed = newArchive + " && ostree pull-local --repo={out} {dir}/repo v1"
)

// alone is a comparison with the limit program: what the work cannot do
// without.
func alone(c comparison, name string, cpu float64, peer string) comparison {
	c.name, c.claims = name, claims{cpu: 1 / cpu}
	c.peer, c.ours.size = command{line: peer}, ""
	return c
}

// repoClaims are those about repos on one machine.
func repoClaims() []comparison {
	commit := "{ostree} commit --repo={out} -b m --tree=dir={roots}/v1"
	archive := same("commit into an archive repo", claims{cpu: 3, wall: 4, size: 1.05}, newArchive, commit)
	archive.ours.size, archive.peer.size = "{out}/objects", "{out}/objects"
	fsckArchive := same("fsck, archive", claims{wall: 2}, "", "{ostree} fsck --repo={dir}/repo", repo)
	fsckBare := same("fsck, bare", claims{wall: 2}, "", "{ostree} fsck --repo={dir}/bare", bare)
	fsckBareUser := same("fsck, bare-user", claims{wall: 2}, "", "{ostree} fsck --repo={dir}/bare-user", bareUser)
	install := same("archive to bare, verified; peer: pull-local --untrusted", claims{wall: 1.5, rss: onDevice}, newBare,
		"{ostree} pull-local --untrusted --repo={out} {dir}/repo v1", repo)
	plain := install
	plain.name, plain.claims.wall = "archive to bare, verified; peer: plain pull-local, which does not hash", 1
	plain.peer.line = "ostree pull-local --repo={out} {dir}/repo v1"
	return []comparison{
		archive,
		alone(archive, "commit into an archive repo; peer: hashing, deflating and writing alone", 1.2, "{self} limit deflate {roots}/v1 {out}"),
		same("commit again, all objects there", claims{cpu: 20}, committed, commit, repo),
		same("commit into a bare repo", claims{}, newBare, commit),
		same("commit into a bare-user repo", claims{}, newBareUser, commit),
		fsckArchive,
		alone(fsckArchive, "fsck, archive; peer: inflating and hashing alone", 1.2, "{self} limit inflate {dir}/repo"),
		fsckBare,
		alone(fsckBare, "fsck, bare; peer: hashing alone", 1.2, "{self} limit hash {dir}/bare"),
		fsckBareUser,
		alone(fsckBareUser, "fsck, bare-user; peer: hashing alone", 1.2, "{self} limit hash {dir}/bare-user"),
		install,
		plain,
		alone(install, "archive to bare, verified; peer: inflating, hashing and writing alone", 1.25, "{self} limit write {dir}/repo-v1 {out}").with(repoV1),
		same("archive to bare-user; peer: pull-local --untrusted", claims{}, newBareUser, "{ostree} pull-local --untrusted --repo={out} {dir}/repo v1", repo),
		same("archive to archive; peer: pull-local --untrusted", claims{}, newArchive, "{ostree} pull-local --untrusted --repo={out} {dir}/repo v1", repo),
		same("checkout, user mode, from archive", claims{}, "", "{ostree} checkout -U --disable-cache --repo={dir}/repo v1 {out}", repo),
		same("checkout, from bare, hard links", claims{}, "", "{ostree} checkout -H --repo={dir}/bare v1 {out}", bare),
		same("checkout, from bare, copies", claims{}, "", "{ostree} checkout -C --repo={dir}/bare v1 {out}", bare),
		same("list a tree", claims{}, "", "{ostree} ls -R --repo={dir}/repo v1", repo),
		same("diff", claims{}, "", "{ostree} diff --repo={dir}/repo v1 v2", repo),
		same("prune, nothing to do", claims{}, "", "{ostree} prune --refs-only --repo={dir}/repo", repo),
		same("summary", claims{}, "cp -al {dir}/repo {out}", "{ostree} summary -u --repo={out}", repo),
	}
}

// repoV1 holds only what version 1 reaches, for the limit program that knows
// no refs.
var repoV1 = lines("archive repo of version 1",
	"ostree init --repo={dir}/repo-v1 --mode=archive && ostree pull-local --repo={dir}/repo-v1 {dir}/repo v1")

func (c comparison) with(more ...fixture) comparison {
	c.needs = append(append([]fixture(nil), c.needs...), more...)
	return c
}
