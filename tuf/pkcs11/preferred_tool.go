//go:build !(pkcs11 && cgo)

package pkcs11

// preferred is how this build speaks to tokens.
func preferred() driver { return tool{program: "pkcs11-tool"} }
