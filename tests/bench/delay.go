package main

import (
	"errors"
	"net"
	"time"
)

// chunk is what arrived, and when it may go on.
type chunk struct {
	due  time.Time
	data []byte
}

// delay passes TCP on from one address to another, each byte late by the same
// time in both directions: a long line without a limit on what it carries.
//
//	bench delay LISTEN TARGET ONEWAY
func delay(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: bench delay LISTEN TARGET ONEWAY")
	}
	oneWay, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			time.Sleep(oneWay) // the handshake takes its time too
			far, err := net.Dial("tcp", args[1])
			if err != nil {
				return
			}
			defer far.Close()
			back := make(chan struct{})
			go func() {
				pass(c, far, oneWay)
				close(back)
			}()
			pass(far, c, oneWay)
			<-back
		}()
	}
}

// pass moves what from says to to, late, until from ends.
func pass(to, from net.Conn, late time.Duration) {
	line := make(chan chunk, 4096)
	go func() {
		defer close(line)
		for {
			buf := make([]byte, 64<<10)
			n, err := from.Read(buf)
			if n > 0 {
				line <- chunk{time.Now().Add(late), buf[:n]}
			}
			if err != nil {
				return
			}
		}
	}()
	broken := false
	for c := range line {
		if broken {
			continue
		}
		time.Sleep(time.Until(c.due))
		_, err := to.Write(c.data)
		broken = err != nil
	}
	if t, ok := to.(*net.TCPConn); ok {
		_ = t.CloseWrite()
	}
}
