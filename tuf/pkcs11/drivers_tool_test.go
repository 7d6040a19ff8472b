//go:build !(pkcs11 && cgo)

package pkcs11

func drivers() map[string]driver {
	return map[string]driver{"pkcs11-tool": tool{program: "pkcs11-tool"}}
}
