package server_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestRequestUnderWayIsFinishedWhenTheServerStops(t *testing.T) {
	b, l := start(t), smallRepo(t, "1")
	id := l.ids[0]
	body := l.bytes(t, id)
	addr := strings.TrimPrefix(b.URL, "http://")
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	fmt.Fprintf(c, "POST /api/v3/%s HTTP/1.1\r\nHost: x\r\nOSF-TOKEN: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		id.ArchivePath(), b.operator, len(body))
	if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != 100 {
		t.Fatalf("the server does not wait for the body: %+v, %v", resp, err)
	}
	stopped := make(chan struct{})
	go func() { defer close(stopped); b.stop() }()
	for { // until nobody listens any more
		d, err := net.Dial("tcp", addr)
		if err != nil {
			break
		}
		_ = d.Close()
	}
	if _, err := c.Write(body); err != nil {
		t.Fatal(err)
	}
	if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != 204 {
		t.Fatalf("the answer is %+v, %v", resp, err)
	}
	<-stopped
	b.run(t)
	b.call(t, "", "GET", "/ostree/"+id.ArchivePath(), nil).want(t, 200)
}
