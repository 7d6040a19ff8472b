//go:build unix

package keystore

import "io/fs"

// openBits are the permissions that let anybody but the owner see a secret.
const openBits fs.FileMode = 0o077
