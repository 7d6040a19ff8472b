//go:build !linux

package osimage

func setAttr(string, string, string) error { return nil }
