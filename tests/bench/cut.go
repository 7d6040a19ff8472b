package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// cut runs a command and kills it once there are so many files of objects
// below a folder, with or without their final names.
//
//	bench cut FILES DIR COMMAND [ARG]...
func cut(args []string) error {
	if len(args) < 3 {
		return errors.New("usage: bench cut FILES DIR COMMAND [ARG]")
	}
	most, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	x := exec.Command(args[2], args[3:]...)
	x.Stderr = os.Stderr
	if err := x.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- x.Wait() }()
	for {
		select {
		case err := <-ended:
			return errors.Join(fmt.Errorf("%s ended before it had written %d objects", args[2], most), err)
		case <-time.After(20 * time.Millisecond):
		}
		if objects(args[1]) >= most {
			err := x.Process.Kill()
			<-ended // of the signal
			return err
		}
	}
}

// objects counts the files of objects below dir, which somebody writes to.
func objects(dir string) int {
	n := 0
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && len(filepath.Base(filepath.Dir(p))) == 2 {
			n++
		}
		return nil
	})
	return n
}
