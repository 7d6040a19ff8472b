//go:build unix

package account

import "io/fs"

// openBits are the permissions that let anybody but the owner see a token.
const openBits fs.FileMode = 0o077
