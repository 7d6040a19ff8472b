//go:build device

package device

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Wire format of the shim, see shim/main.go.
type request struct {
	ID      int      `json:"id"`
	Argv    []string `json:"argv"`
	Seconds int      `json:"seconds"`
}

type reply struct {
	ID     int    `json:"id"`
	Code   int    `json:"code"`
	Output []byte `json:"output"`
}

// bootTime is how long one power-on may take under emulation on a busy machine.
const bootTime = 90 * time.Second

// vm is a virtual device that is switched on. QEMU ends when the guest reboots
// or panics, so a reboot is a new vm on the same disk.
type vm struct {
	t    *testing.T
	cmd  *exec.Cmd
	conn net.Conn
	in   *bufio.Reader
	id   int
}

// machine is what stays when the power goes: the disk, the firmware, the stick.
type machine struct {
	dir, disk, rom, stick string
	extra                 []string // more of QEMU's own arguments
}

// powerOn starts the machine and waits for the shim's hello.
func (m *machine) powerOn(t *testing.T) *vm {
	t.Helper()
	sock := filepath.Join(m.dir, "shim.sock")
	_ = os.Remove(sock)
	args := []string{"-machine", "pc,accel=tcg", "-cpu", "max", "-m", "512", "-nodefaults", "-display", "none", "-no-reboot",
		"-bios", m.rom, "-serial", "file:" + filepath.Join(m.dir, "console"),
		"-drive", "file=" + m.disk + ",format=raw,if=virtio",
		"-drive", "file=" + m.stick + ",format=raw,if=virtio,readonly=on",
		"-device", "virtio-serial-pci", "-chardev", "socket,id=shim,path=" + sock + ",server=on,wait=off",
		"-device", "virtserialport,chardev=shim,name=shim.0", "-device", "virtio-rng-pci",
		"-nic", "user,model=virtio-net-pci,restrict=off"}
	cmd := exec.Command("qemu-system-x86_64", append(args, m.extra...)...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	v := &vm{t: t, cmd: cmd}
	t.Cleanup(v.cut)
	if err := v.hello(sock); err != nil {
		console, _ := os.ReadFile(filepath.Join(m.dir, "console"))
		t.Fatalf("the device did not come up: %v\n%s", err, tail(console, 3000))
	}
	return v
}

func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

func (v *vm) hello(sock string) error {
	deadline := time.Now().Add(bootTime)
	for time.Now().Before(deadline) {
		c, err := net.Dial("unix", sock)
		if err != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		v.conn, v.in = c, bufio.NewReader(c)
		_ = c.SetReadDeadline(deadline)
		r, err := v.read()
		if err == nil && string(r.Output) != "hello" {
			err = fmt.Errorf("first line is %q", r.Output)
		}
		return err
	}
	return errors.New("QEMU opened no socket")
}

func (v *vm) read() (reply, error) {
	var r reply
	line, err := v.in.ReadBytes('\n')
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(line, &r)
}

// run runs a shell line on the device and returns its exit code and output.
func (v *vm) run(line string) (int, string) {
	v.t.Helper()
	v.id++
	limit := 120 * time.Second
	q, _ := json.Marshal(request{ID: v.id, Argv: []string{"/bin/sh", "-c", line}, Seconds: int(limit / time.Second)})
	_ = v.conn.SetDeadline(time.Now().Add(limit + 10*time.Second))
	if _, err := v.conn.Write(append(q, '\n')); err != nil {
		v.t.Fatalf("%s: %v", line, err)
	}
	r, err := v.read()
	if err != nil || r.ID != v.id {
		v.t.Fatalf("%s: reply %d, %v", line, r.ID, err)
	}
	return r.Code, string(r.Output)
}

// must runs a line and wants one exit code.
func (v *vm) must(code int, line string) string {
	v.t.Helper()
	got, out := v.run(line)
	v.t.Logf("# %s\n%s(exit %d)", line, out, got)
	if got != code {
		v.t.Fatalf("%s: exit %d, want %d\n%s", line, got, code, out)
	}
	return out
}

// reboot shuts the device down in an orderly way; powerOn follows.
func (v *vm) reboot() {
	v.t.Helper()
	v.id++
	q, _ := json.Marshal(request{ID: v.id, Argv: []string{"systemctl", "reboot"}, Seconds: 30})
	if _, err := v.conn.Write(append(q, '\n')); err != nil {
		v.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- v.cmd.Wait() }()
	select {
	case <-done:
		v.cmd = nil
	case <-time.After(60 * time.Second):
		v.t.Fatal("the device did not go down")
	}
}

// cut takes the power away.
func (v *vm) cut() {
	if v.conn != nil {
		_ = v.conn.Close()
	}
	if v.cmd != nil {
		_ = v.cmd.Process.Kill()
		_ = v.cmd.Wait()
		v.cmd = nil
	}
}

// rom is Debian's U-Boot with the boot delay and the search for other media
// taken out: two seconds less for each power-on.
func rom(t *testing.T, dir string) string {
	t.Helper()
	b, err := os.ReadFile("/usr/lib/u-boot/qemu-x86/u-boot.rom")
	if err != nil {
		t.Fatal(err)
	}
	s := string(b)
	for old, new := range map[string]string{
		"bootdelay=2": "bootdelay=0",
		"boot_targets=usb0 scsi0 virtio0 ide0 dhcp ": "boot_targets=virtio0",
	} {
		s = strings.ReplaceAll(s, old, new+strings.Repeat(" ", len(old)-len(new)))
	}
	path := filepath.Join(dir, "u-boot.rom")
	if err := os.WriteFile(path, []byte(s), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
