// Command shim is the guest's end of the device test: it runs commands that
// come as JSON lines over a virtio-serial port and answers with their exit code
// and output. It is no part of the product.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Request is one command to run.
type Request struct {
	ID      int      `json:"id"`
	Argv    []string `json:"argv"`
	Seconds int      `json:"seconds"` // how long it may take
}

// Reply is what came of it.
type Reply struct {
	ID     int    `json:"id"`
	Code   int    `json:"code"`
	Output []byte `json:"output"` // stdout and stderr, as they came
}

func main() {
	fmt.Fprintln(os.Stderr, serve(os.Args[1]))
	os.Exit(1)
}

// serve finds the port by the name QEMU gave it, since there is no udev that
// would make a link, says hello, and answers until the machine goes down; it
// returns only with an error.
func serve(name string) error {
	dev, err := port(name)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(dev, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	out := json.NewEncoder(f)
	if err := out.Encode(Reply{Output: []byte("hello")}); err != nil {
		return err
	}
	in := bufio.NewReaderSize(f, 1<<20)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil { // nobody is connected on the host yet
			time.Sleep(50 * time.Millisecond)
			continue
		}
		var q Request
		if json.Unmarshal(line, &q) != nil {
			continue
		}
		if err := out.Encode(run(q)); err != nil {
			return err
		}
	}
}

func port(name string) (string, error) {
	names, err := filepath.Glob("/sys/class/virtio-ports/*/name")
	if err != nil {
		return "", err
	}
	for _, n := range names {
		if b, err := os.ReadFile(n); err == nil && string(bytes.TrimSpace(b)) == name {
			return "/dev/" + filepath.Base(filepath.Dir(n)), nil
		}
	}
	return "", fmt.Errorf("no virtio port is called %s", name)
}

func run(q Request) Reply {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(q.Seconds)*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, q.Argv[0], q.Argv[1:]...)
	c.WaitDelay = time.Second
	out, err := c.CombinedOutput()
	r := Reply{ID: q.ID, Output: out}
	if err != nil {
		r.Code = -1
		r.Output = append(r.Output, []byte("\n"+err.Error())...)
		if c.ProcessState != nil {
			r.Code = c.ProcessState.ExitCode()
		}
	}
	return r
}
