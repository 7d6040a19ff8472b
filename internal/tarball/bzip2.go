package tarball

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"sync"
)

// parallel unpacks the blocks of a bzip2 file at once and gives them in their
// order. Each worker unpacks as far ahead as its job holds, so that blocks that
// unpack into much more than they are take no more memory than others.
type parallel struct {
	order   chan *job // in the order of the file
	work    chan *job
	stop    chan struct{}
	stopped sync.Once
	running sync.WaitGroup
	free    chan []byte // buffers for packed blocks
	chunks  sync.Pool

	decoder *decoder // for blocks that were cut in two
	now     *job
	chunk   []byte // of now, not read yet
	whole   []byte // the buffer that chunk is in
	sum     uint32 // of the stream so far
	err     error
}

// job is one block on its way.
type job struct {
	block  *block
	err    error       // of the splitter: there is no block
	chunks chan []byte // closed after the last one
	failed error       // read after chunks is closed
	given  bool        // something of it was read
}

// A job holds its block unpacked, if that is not longer than blocks are in
// general.
const (
	chunkSize   = 64 << 10
	chunksAhead = 16
)

func parallelBzip2(r io.Reader, opt Options) (io.ReadCloser, error) {
	p := &parallel{
		order: make(chan *job, opt.Jobs+1), work: make(chan *job), stop: make(chan struct{}),
		free:   make(chan []byte, 2*opt.Jobs+3),
		chunks: sync.Pool{New: func() any { return new([chunkSize]byte) }},
	}
	p.running.Go(func() { p.split(r) })
	for range opt.Jobs {
		p.running.Go(p.unpackAll)
	}
	return p, nil
}

// split hands out the blocks.
func (p *parallel) split(r io.Reader) {
	defer close(p.order)
	defer close(p.work)
	in := newSplitter(r, p.free)
	for {
		b, err := in.next()
		if err == io.EOF {
			return
		}
		j := &job{block: b, err: err, chunks: make(chan []byte, chunksAhead)}
		if !p.send(p.order, j) || err != nil || !p.send(p.work, j) {
			return
		}
	}
}

func (p *parallel) send(to chan<- *job, j *job) bool {
	select {
	case to <- j:
		return true
	case <-p.stop:
		return false
	}
}

// unpackAll is one worker.
func (p *parallel) unpackAll() {
	d := &decoder{}
	for j := range p.work {
		j.failed = p.unpackOne(d, j)
		close(j.chunks)
	}
}

func (p *parallel) unpackOne(d *decoder, j *job) error {
	if err := d.begin(j.block); err != nil {
		return err
	}
	for {
		chunk := p.chunks.Get().(*[chunkSize]byte)[:]
		n, err := io.ReadFull(d, chunk)
		if n > 0 {
			select {
			case j.chunks <- chunk[:n]:
			case <-p.stop:
				return errStopped
			}
		}
		if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) && d.done {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

var errStopped = errors.New("unpacking was stopped")

// Read implements io.Reader.
func (p *parallel) Read(buf []byte) (int, error) {
	for len(p.chunk) == 0 && p.err == nil {
		p.err = p.advance()
	}
	if len(p.chunk) == 0 {
		return 0, p.err
	}
	n := copy(buf, p.chunk)
	p.chunk = p.chunk[n:]
	return n, nil
}

// advance brings the next chunk, or goes on to the next block.
func (p *parallel) advance() error {
	if p.whole != nil {
		p.chunks.Put((*[chunkSize]byte)(p.whole[:chunkSize]))
		p.whole = nil
	}
	if p.now == nil {
		return p.nextJob()
	}
	if chunk, ok := <-p.now.chunks; ok {
		p.whole, p.chunk, p.now.given = chunk, chunk, true
		return nil
	}
	j := p.now
	p.now = nil
	if j.failed != nil {
		return p.mend(j)
	}
	err := p.count(j.block)
	select {
	case p.free <- j.block.file:
	default:
	}
	return err
}

func (p *parallel) nextJob() error {
	j, ok := <-p.order
	if !ok {
		return io.EOF
	}
	if j.err != nil {
		return j.err
	}
	p.now = j
	return nil
}

// count adds a block to the checksum of its stream.
func (p *parallel) count(b *block) error {
	p.sum = bits.RotateLeft32(p.sum, 1) ^ b.crc()
	if !b.last {
		return nil
	}
	if p.sum != b.sum {
		return fmt.Errorf("checksum of the bzip2 stream is %08x, not %08x", p.sum, b.sum)
	}
	p.sum = 0
	return nil
}

// mend unpacks a block that failed together with the next one, which then was
// none: its data looked like the beginning of a block.
func (p *parallel) mend(j *job) error {
	if j.given || j.block.last {
		return j.failed
	}
	if err := p.nextJob(); err != nil {
		return errors.Join(j.failed, ignore(err, io.EOF))
	}
	joined := j.block.with(p.now.block)
	for range p.now.chunks { // or its worker would wait for ever
	}
	p.now = nil
	if p.decoder == nil {
		p.decoder = &decoder{}
	}
	if err := p.decoder.begin(joined); err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(p.decoder, mostJoined+1))
	if err != nil || len(data) > mostJoined {
		return j.failed
	}
	p.chunk = data
	return p.count(joined)
}

// mostJoined is what a block that was cut in two may unpack into: a block of
// 900,000 bytes, of which each five may stand for 259.
const mostJoined = 900_000 / 5 * 259

// Close ends all work. Whoever reads the file for it has to be let go before.
func (p *parallel) Close() error {
	p.stopped.Do(func() { close(p.stop) })
	p.running.Wait()
	return nil
}

// decoder unpacks one block after the other and keeps its tables.
type decoder struct {
	r    io.ReadCloser
	done bool // the block came to its end
}

// begin takes the next block.
func (d *decoder) begin(b *block) error {
	d.done = false
	in := bytes.NewReader(b.file)
	if again, ok := d.r.(interface{ Reset(io.Reader) error }); ok {
		return again.Reset(in)
	}
	var err error
	d.r, err = unbzip2(in)
	return err
}

// Read implements io.Reader.
func (d *decoder) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	if err == io.EOF {
		d.done = true
	}
	return n, err
}
