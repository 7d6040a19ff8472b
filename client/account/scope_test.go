package account

import "testing"

func TestRequestsSayWhichScopeTheyTake(t *testing.T) {
	for _, tc := range [][3]string{
		{"GET", "/ota/repo/acme/api/v1/user_repo/targets.json", "targets:read"},
		{"PUT", "/ota/repo/acme/api/v1/user_repo/targets", "targets:read-update"},
		{"GET", "/ota/factories/acme/targets/", "targets:read"},
		{"POST", "/ota/factories/acme/targets/", "targets:read-update"},
		{"POST", "/ota/factories/acme/targets/rpi-1/meta/", "targets:read"},
		{"GET", "/ota/factories/acme/prod-targets/", "targets:read"},
		{"GET", "/projects/acme/lmp/builds/latest/", "ci:read"},
		{"GET", "/ota/devices/", "devices:read"},
		{"GET", "/ota/factories/acme/devices/", "devices:read"},
		{"DELETE", "/ota/devices/a/", "devices:read-update"},
		{"POST", "/ota/treehub/acme/api/v3/objects/a", ""},
		{"GET", "/", ""}, {"GET", "", ""},
	} {
		if got := Scope(tc[0], tc[1]); got != tc[2] {
			t.Errorf("%s %s: %q, want %q", tc[0], tc[1], got, tc[2])
		}
	}
}
