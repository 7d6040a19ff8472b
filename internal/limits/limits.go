// Package limits names every cap on what comes from outside. A length is
// compared with one of these before a byte of it is read or allocated.
package limits

// Caps in bytes unless the name says otherwise.
const (
	// Root, Timestamp and Snapshot are TUF role files; the caps are those of
	// libaktualizr.
	Root      = 64 << 10
	Timestamp = 64 << 10
	Snapshot  = 64 << 10
	// Targets caps targets.json (libaktualizr).
	Targets = 8 << 20
	// BundleTargets caps tuf/bundle-targets.json.
	BundleTargets = 1 << 20
	// SBOM caps a list of what a target is made of, which a bundle carries along.
	SBOM = 256 << 20
	// SBOMs is how many of them a target may have.
	SBOMs = 1000
	// FormatMark caps a bundle's otactl.json.
	FormatMark = 64 << 10
	// Papers caps the metadata of a bundle that goes to a signer without its
	// content: roots, targets.json, and the index of an archive.
	Papers = 64 << 20
	// BundleIndex caps the signed index of a bundle that is one file.
	BundleIndex = 64 << 10
	// BundleList caps the list of what is in such a file, BundleMembers how many
	// files it may name.
	BundleList    = 128 << 20
	BundleMembers = 1 << 20
	// RootChain is how many roots one refresh may walk.
	RootChain = 1000
	// Signatures is how many signatures one file may carry, and the highest
	// threshold a role may have (libaktualizr).
	Signatures = 1000
	// Delegations is how many roles a search for one target may read.
	Delegations = 32
	// SignedDepth is how deep arrays and objects may nest in signed JSON.
	SignedDepth = 64
	// KeyArchive caps an archive of offline keys, packed, and its unpacked sum.
	KeyArchive = 1 << 20
	// KeyFile caps one key.
	KeyFile = 64 << 10
	// ScryptWork is the binary logarithm of the steps that trying a passphrase
	// may take: 2^20 is four times what age itself asks for, 1 GiB and some
	// seconds.
	ScryptWork = 20
	// Passphrase caps a passphrase or a PIN.
	Passphrase = 4 << 10
	// TokenURI caps a pkcs11: URI, TokenOutput what a program that asks a token
	// may answer.
	TokenURI    = 4 << 10
	TokenOutput = 1 << 20

	// DetachedMetadata caps a commitmeta object: a few signatures, which no
	// checksum covers.
	DetachedMetadata = 1 << 20
	// OSTreeMetadata caps a dirtree object, as libostree does since 2023.
	OSTreeMetadata = 128 << 20
	// Summary caps a summary, as libostree does since 2023.
	Summary = 128 << 20
	// SummarySig caps the signatures of a summary.
	SummarySig = DetachedMetadata
	// DetachedSignatures is how many signatures of one kind a commit or summary
	// may carry, and DetachedSignature the bytes of each.
	DetachedSignatures = 256
	DetachedSignature  = 64 << 10
	// TrustedKeys caps a file of trusted or revoked keys, KeyLine one of its
	// lines, Keyring an OpenPGP keyring.
	TrustedKeys = 1 << 20
	KeyLine     = 16 << 10
	Keyring     = 32 << 20
	// Commit caps a commit object, whose sizes of 300,000 objects fit in it.
	Commit = 16 << 20
	// FileHeader caps the GVariant header of a content object, and a dirmeta
	// object, which says the same of a directory.
	FileHeader = 1 << 20
	// Ref caps a ref file.
	Ref = 4 << 10
	// RepoConfig caps a repo's config file.
	RepoConfig = 1 << 20
	// TreeDepth is how deep directories may nest in one commit.
	TreeDepth = 256
	// TreeEntries is how many names one walk through a tree may visit. A few
	// dirtrees that name one another many times unfold into more.
	TreeEntries = 4 << 20
	// NameLength is the longest file name, in bytes.
	NameLength = 255
	// SymlinkTarget is PATH_MAX.
	SymlinkTarget = 4096
	// SparseMember caps a file of a tar that is stored with holes: it may be
	// far longer than the archive.
	SparseMember = 1 << 30
	// ArchiveTail caps what fills up a packed archive after its end; tar writes
	// less than a record, which is 10 KiB unless somebody asks for more.
	ArchiveTail = 64 << 20
	// ZstdWindow is how much memory unpacking an archive may take.
	ZstdWindow = 32 << 20
	// PathList caps a list of paths: statoverride, skip-list, many checkouts.
	PathList = 64 << 20

	// Mirrorlist caps a list of mirrors, Mirrors how many of one are used.
	Mirrorlist = 256 << 10
	Mirrors    = 64
	// Metalink caps a metalink, MetalinkDepth how deep its elements nest.
	Metalink      = 1 << 20
	MetalinkDepth = 32
	// Cookies caps a remote's cookie file.
	Cookies = 1 << 20

	// RepoArchive caps a repo that comes packed, unpacked: 64 GiB.
	RepoArchive = 64 << 30
	// ArtifactMembers is how many members a tar from a CI may have, ArtifactName
	// how long their names may be. Once it has unpacked into ArtifactFree it may
	// be ArtifactRatio times as long as what it came as.
	ArtifactMembers = 1 << 20
	ArtifactName    = 4 << 10
	ArtifactFree    = 64 << 20
	ArtifactRatio   = 250
	// BzipBlock caps a block of a bzip2 file, packed: twice what one can take that
	// means anything.
	BzipBlock = 4 << 20
	// DeltaSuperblock caps a static delta's superblock, as libostree caps what
	// it fetches into memory.
	DeltaSuperblock = 128 << 20
	// DeltaFile caps a superblock that is read from a file, with the parts
	// that may be inside: 16 GiB. Without them it may be as long as any other.
	DeltaFile = 16 << 30
	// FolderEntries is how many names a folder of a bundle may have: FAT holds no
	// more.
	FolderEntries = 1 << 16
	// BundleApps is how many apps a bundle may hold.
	BundleApps = 4096
	// BundleDeltas is how many static deltas one offline bundle may hold.
	BundleDeltas = 1024
	// DeltaIndex caps the list of deltas that lead to one commit.
	DeltaIndex = 10 << 20
	// DeltaParts is how many parts one delta may have.
	DeltaParts = 1 << 16
	// DeltaFallbacks is how many objects it may leave out.
	DeltaFallbacks = 1 << 16
	// DeltaKeys is how many keys its metadata may have: one for each part inside,
	// and some beside them.
	DeltaKeys = DeltaParts + 1<<10
	// DeltaTotal caps what a delta may promise to move, packed and unpacked
	// together: 1 PiB.
	DeltaTotal = 1 << 50
	// DeltaPart caps a part's unpacked payload: 16 GiB.
	DeltaPart = 16 << 30
	// DeltaTables caps the tables of modes and xattrs in a part.
	DeltaTables = 16 << 20
	// XZDictionary is the largest dictionary of an xz stream, that of libostree.
	XZDictionary = 100 << 20

	// AppRef caps the reference to an app or an image: host, path and digest.
	AppRef = 4 << 10
	// AppManifest caps an app's manifest, ImageRoot what an image's digest
	// names: composectl reads less than 50 and 100 KiB of them.
	AppManifest = 50<<10 - 1
	ImageRoot   = 100<<10 - 1
	// ImageManifest caps a manifest that an index lists, as registries do.
	ImageManifest = 4 << 20
	// AppBundle caps an app's archive, packed and unpacked, ComposeFile the
	// compose file in it; both are composectl's.
	AppBundle   = 1 << 30
	ComposeFile = 1 << 20
	// AppLinks caps the names of all symlinks in an app's archive, together.
	AppLinks = 4 << 20
	// AppServices is how many services an app may have, AppLayers how many
	// blobs one manifest or index may list.
	AppServices = 1000
	AppLayers   = 1000
	// AppBlob caps a blob of an app: 1 TiB.
	AppBlob = 1 << 40

	// JSON caps a request or reply of an API that speaks JSON.
	JSON = 16 << 20
	// JSONValues is how many values such a reply may have: each takes a hundred
	// times the bytes that it came as.
	JSONValues = 1 << 20
	// BucketReply caps what an S3 server answers in XML: a list of 1,000 keys.
	BucketReply = 4 << 20
	// DeviceBody caps what a device may send to the gateway in one request.
	DeviceBody = 100 << 10
	// Credentials caps credentials.zip and each of its members.
	Credentials = 1 << 20
	// RootUpdate caps a request or a reply about a root transaction: four roots,
	// each quoted once, and what is to be said about them.
	RootUpdate = 1 << 20
	// DeviceDatabase caps a copy of a device's sql.db.
	DeviceDatabase = 256 << 20
	// ConfigFile caps a TOML fragment or a context file.
	ConfigFile = 1 << 20
	// RegistrationReply caps the reply to a device registration.
	RegistrationReply = 1 << 20
)
