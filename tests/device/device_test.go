//go:build device

package device

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// hardwareID is what the device calls itself and what the target is for.
const hardwareID = "qemu-x86-64"

// TestBootedDeviceUpdatesFromAStick is the whole offline job on a device that
// really boots: version 1 runs, the bundle comes on a FAT32 stick, install asks
// for a reboot, run before it changes nothing, and after it version 2 is up.
func TestBootedDeviceUpdatesFromAStick(t *testing.T) {
	w := newWorkshop(t)
	w.serve()
	w.image("1")
	w.commit("1")
	w.disk()
	w.image("2")
	w.commit("2")
	w.bundle()
	m := &machine{dir: w.dir, disk: w.path("disk.img"), rom: rom(t, w.dir), stick: w.stick()}

	v := m.powerOn(t)
	v.must(0, "test $(cat /usr/lib/device-version) = 1")
	before := v.must(0, "ostree admin status")
	v.must(40, "aklite-offline run")
	v.must(0, "mkdir -p /run/media/usb && mount -t vfat -o ro /dev/vdb /run/media/usb")
	v.must(100, "aklite-offline install --src-dir /run/media/usb")
	pending := v.must(0, "ostree admin status")
	if !strings.Contains(pending, "(pending)") {
		t.Fatalf("nothing is pending after install:\n%s", pending)
	}
	v.must(100, "aklite-offline run")
	if again := v.must(0, "ostree admin status"); again != pending {
		t.Errorf("run before the reboot changed the deployments:\n%s\nwas\n%s", again, pending)
	}
	v.reboot()

	v = m.powerOn(t)
	v.must(0, "test $(cat /usr/lib/device-version) = 2")
	v.must(0, "aklite-offline run")
	after := v.must(0, "ostree admin status")
	if booted(after) == booted(before) || booted(after) == "" {
		t.Errorf("booted before:\n%s\nafter:\n%s", before, after)
	}
	v.must(40, "aklite-offline run")
	v.must(0, "ostree fsck --quiet --repo=/ostree/repo")
}

// TestPowerCutDuringInstallLeavesABootableDevice takes the power away at
// moments spread over an install; the device must boot each time, and the same
// install must go through afterwards.
func TestPowerCutDuringInstallLeavesABootableDevice(t *testing.T) {
	w := newWorkshop(t)
	w.serve()
	w.image("1")
	w.commit("1")
	w.disk()
	w.image("2")
	w.commit("2")
	w.bundle()
	stick, firmware := w.stick(), rom(t, w.dir)
	for _, after := range []time.Duration{300 * time.Millisecond, time.Second, 2 * time.Second, 3500 * time.Millisecond, 5 * time.Second} {
		t.Run(after.String(), func(t *testing.T) {
			m := &machine{dir: t.TempDir(), disk: filepath.Join(t.TempDir(), "disk.img"), rom: firmware, stick: stick}
			w.sh("cp --sparse=always " + w.path("disk.img") + " " + m.disk)
			v := m.powerOn(t)
			v.must(0, "mkdir -p /run/media/usb && mount -t vfat -o ro /dev/vdb /run/media/usb")
			v.must(0, "setsid aklite-offline install --src-dir /run/media/usb >/dev/null 2>&1 </dev/null &")
			time.Sleep(after) // the moment of the cut is what is being varied
			v.cut()

			v = m.powerOn(t)
			v.must(0, "ostree fsck --quiet --repo=/ostree/repo || ostree fsck --repo=/ostree/repo | grep -q partial")
			v.must(0, "mkdir -p /run/media/usb && mount -t vfat -o ro /dev/vdb /run/media/usb")
			if code, out := v.run("aklite-offline run; echo run=$?; aklite-offline install --src-dir /run/media/usb; echo install=$?"); code != 0 {
				t.Fatalf("exit %d\n%s", code, out)
			}
			v.must(0, "sync")
			v.reboot()
			v = m.powerOn(t)
			v.run("aklite-offline run")
			v.must(0, "test $(cat /usr/lib/device-version) = 2")
		})
	}
}

// booted is the checksum of the deployment that ostree marks with a star.
func booted(status string) string {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "* "); ok {
			return rest
		}
	}
	return ""
}

// workshop is where the image, the repo and the bundle are made, with the
// program under test and the real ostree.
type workshop struct {
	t       *testing.T
	dir     string
	cache   string
	program string
	backend string // URL of the server
}

func newWorkshop(t *testing.T) *workshop {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	w := &workshop{t: t, dir: t.TempDir(), cache: filepath.Join(cache, "otactl-test", "device")}
	w.program = w.path("bin/otactl")
	w.sh("CGO_ENABLED=0 go build -trimpath -o " + w.program + " ../.. && CGO_ENABLED=0 go build -trimpath -o " + w.path("bin/shim") + " ./shim")
	return w
}

func (w *workshop) path(name string) string { return filepath.Join(w.dir, name) }

// sh runs a line on this machine and wants it to succeed.
func (w *workshop) sh(line string) string {
	w.t.Helper()
	c := exec.Command("bash", "-euo", "pipefail", "-c", line)
	c.Env = append(os.Environ(), "OTACTL_CONFIG="+w.path("server/otactl.yaml"))
	out, err := c.CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

// serve starts the backend and waits until it answers.
func (w *workshop) serve() {
	w.t.Helper()
	addr, gateway := freeAddr(w.t), freeAddr(w.t)
	c := exec.Command(w.program, "serve", "--data", w.path("server"), "--addr", addr, "--gateway-addr", gateway)
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	w.backend = "http://" + addr
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, w.backend+"/healthz", nil)
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			return
		}
		if ctx.Err() != nil {
			w.t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// image makes the root file system of one version: Debian, the program under
// test, its stand-in name, the hardware id, and the factory's first root.
func (w *workshop) image(version string) {
	w.t.Helper()
	overlay := w.path("overlay")
	w.sh("rm -rf " + overlay + " && mkdir -p " + overlay + "/usr/{bin,libexec} " + overlay + "/usr/lib/{sota/conf.d,sota/tuf/ci} " + overlay + "/usr/lib/systemd/system/multi-user.target.wants")
	w.sh("cp " + w.program + " " + overlay + "/usr/bin/otactl && ln -s otactl " + overlay + "/usr/bin/aklite-offline && cp " + w.path("bin/shim") + " " + overlay + "/usr/libexec/shim")
	w.sh("cp shim.service " + overlay + "/usr/lib/systemd/system/ && ln -s ../shim.service " + overlay + "/usr/lib/systemd/system/multi-user.target.wants/")
	w.write(overlay+"/usr/lib/device-version", version+"\n")
	w.write(overlay+"/usr/lib/sota/conf.d/40-hardware-id.toml", "[provision]\nprimary_ecu_hardware_id = \""+hardwareID+"\"\n")
	w.write(overlay+"/usr/lib/sota/tuf/ci/1.root.json", w.get("/ota/repo/local/api/v1/user_repo/1.root.json"))
	w.sh("./mkdevice.sh tree " + w.cache + " " + w.path("tree") + " " + version + " " + overlay)
}

func (w *workshop) write(path, text string) {
	w.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// get asks the backend as the operator.
func (w *workshop) get(path string) string {
	w.t.Helper()
	token, err := os.ReadFile(w.path("server/operator.token"))
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodGet, w.backend+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("OSF-TOKEN", strings.TrimSpace(string(token)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		w.t.Fatalf("GET %s: HTTP %d, %v: %s", path, resp.StatusCode, err, b)
	}
	return string(b)
}

// commit puts the tree into the archive repo with the real ostree.
func (w *workshop) commit(version string) {
	w.t.Helper()
	repo := w.path("repo")
	w.sh("test -d " + repo + " || ostree init --repo=" + repo + " --mode=archive")
	w.sh("ostree commit --repo=" + repo + " --branch=os/main --tree=dir=" + w.path("tree") + " -s 'version " + version + "' --add-metadata-string=version=" + version)
}

// disk deploys what os/main is now to the device's disk.
func (w *workshop) disk() {
	w.t.Helper()
	w.sh("./mkdevice.sh disk " + w.path("repo") + " os/main " + w.path("disk.img"))
}

// bundle publishes what os/main is now and builds the offline bundle for it.
func (w *workshop) bundle() {
	w.t.Helper()
	w.sh(w.program + " publish -r " + w.path("repo") + " --ref os/main -m " + hardwareID + " -c " + w.path("server/credentials.zip") + " --tag main --version 2")
	var targets map[string]struct{ Custom struct{ Version string } }
	if err := json.Unmarshal([]byte(w.get("/ota/factories/local/targets/")), &targets); err != nil {
		w.t.Fatal(err)
	}
	for name, target := range targets {
		if target.Custom.Version == "2" {
			w.sh(w.program + " targets offline-update " + name + " " + w.path("bundle") + " --tag main --expires-in-days 7")
			w.sh(w.program + " targets offline-update verify " + w.path("bundle"))
			return
		}
	}
	w.t.Fatalf("version 2 is not among %v", targets)
}

// stick is a FAT32 image with the bundle on it, made without a mount.
func (w *workshop) stick() string {
	w.t.Helper()
	stick := w.path("stick.img")
	w.sh("truncate -s 400M " + stick + " && mformat -F -v USB -i " + stick + " :: && mcopy -s -Q -i " + stick + " " + w.path("bundle") + "/* ::/")
	return stick
}
