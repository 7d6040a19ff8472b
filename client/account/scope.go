package account

import (
	"net/http"
	"strings"
)

// Scope is the scope that a request to a factory's API takes, such as
// targets:read; "" where that is not known.
func Scope(method, path string) string {
	reads := method == http.MethodGet || method == http.MethodHead
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) > 1 && parts[0] == "ota" && parts[1] == "devices":
		return scope("devices", reads)
	case len(parts) > 1 && parts[0] == "ota" && parts[1] == "repo":
		return scope("targets", reads)
	case len(parts) > 3 && parts[0] == "ota" && parts[1] == "factories" && strings.HasSuffix(parts[3], "targets"):
		// Metadata of a bundle is asked for by a POST that changes nothing.
		return scope("targets", reads || parts[len(parts)-1] == "meta")
	case len(parts) > 3 && parts[0] == "ota" && parts[1] == "factories" && parts[3] == "devices":
		return scope("devices", reads)
	case parts[0] == "projects":
		return scope("ci", reads)
	}
	return ""
}

func scope(what string, reads bool) string {
	if reads {
		return what + ":read"
	}
	return what + ":read-update"
}
