package account

import "io/fs"

// openBits is empty: Windows keeps a profile folder to its owner by ACL, and
// its mode bits say nothing.
const openBits fs.FileMode = 0
