package keystore

import "io/fs"

// openBits are none: Windows keeps permissions elsewhere.
const openBits fs.FileMode = 0
