package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// front passes HTTP/1.1 requests on to a server, each one and the first of each
// connection late by the same time: what treehub-mock does to its own. Bodies go
// from socket to socket in the kernel, so that it takes next to nothing of the
// processors that the others share. It answers GET /_stats with how many
// requests it has passed on.
//
//	bench front LISTEN TARGET LATE
func front(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: bench front LISTEN TARGET LATE")
	}
	late, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	door := &door{target: args[1], late: late}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go door.connection(c)
	}
}

// door is what all connections of a front share.
type door struct {
	target string
	late   time.Duration
	passed atomic.Int64
}

// stats is what front and treehub-mock say at statsPath.
type stats struct {
	Requests int64 `json:"requests"`
}

const statsPath = "/_stats"

func (d *door) connection(c net.Conn) {
	defer c.Close()
	far, err := net.Dial("tcp", d.target)
	if err != nil {
		return
	}
	defer far.Close()
	go func() {
		_, _ = io.Copy(c, far)
		_ = c.Close()
	}()
	in := bufio.NewReader(c)
	for first := true; ; first = false {
		if d.request(in, c, far, first) != nil {
			return
		}
	}
}

// request passes one request on.
func (d *door) request(in *bufio.Reader, c, far net.Conn, first bool) error {
	head, length, err := readHead(in)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(head, []byte("GET "+statsPath+" ")) {
		body, err := json.Marshal(stats{d.passed.Load()})
		if err == nil {
			_, err = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		}
		return err
	}
	d.passed.Add(1)
	time.Sleep(d.late)
	if first {
		time.Sleep(d.late)
	}
	if _, err := far.Write(head); err != nil {
		return err
	}
	ahead := min(length, int64(in.Buffered()))
	if _, err := io.CopyN(far, in, ahead); err != nil {
		return err
	}
	_, err = io.CopyN(far, c, length-ahead)
	return err
}

// readHead reads a request up to its body, and how long that is.
func readHead(in *bufio.Reader) (head []byte, length int64, err error) {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return nil, 0, err
		}
		head = append(head, line...)
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			return head, length, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64); err != nil {
				return nil, 0, err
			}
		}
	}
}

// asked is how many requests the server at addr, a front or a treehub-mock,
// has had.
func asked(addr string) (int, error) {
	resp, err := http.Get("http://" + addr + statsPath)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var s stats
	err = json.NewDecoder(resp.Body).Decode(&s)
	return int(s.Requests), err
}
