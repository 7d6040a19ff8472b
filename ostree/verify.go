package ostree

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/progress"
)

// VerifyOptions tune Verify. The zero value works.
type VerifyOptions struct {
	// Jobs is how many objects are read at once; 0 is one per processor.
	Jobs int
	// KeepOn goes on after a corrupt or missing object; all of them are in
	// the report.
	KeepOn   bool
	Progress progress.Sink
	// Seen, if set, is called once for each object of the closure, from many
	// goroutines, whether it is good or not.
	Seen func(ObjectID)
	// Turns, if set, is shared with other work that reads at the same time:
	// something is put in before an object is read and taken out after.
	Turns chan struct{}
}

// VerifyReport says what Verify saw.
type VerifyReport struct {
	Objects  int   `json:"objects"`
	Metadata int   `json:"metadata"` // of those, other than files
	Bytes    int64 `json:"bytes"`    // of metadata and payload, uncompressed
	// Problems are *CorruptError and *MissingError.
	Problems []error `json:"-" yaml:"-"`
}

// Verify reads and rehashes every object that commit reaches, and the commit's
// detached metadata if there is some, and holds each against the rules of its
// format. With problems it returns the first; an error that says nothing about
// the objects, such as an end of ctx, ends it at once.
func Verify(ctx context.Context, src Source, commit Checksum, opt VerifyOptions) (VerifyReport, error) {
	return VerifyAll(ctx, src, []Checksum{commit}, opt)
}

// VerifyAll is Verify for several commits: what they share is read once.
func VerifyAll(ctx context.Context, src Source, commits []Checksum, opt VerifyOptions) (VerifyReport, error) {
	v := &verifier{src: src, opt: opt, said: map[string]bool{}, task: progress.Start(opt.Progress, "verifying objects", progress.Count, 0)}
	defer v.task.Done()
	if v.opt.Jobs <= 0 {
		v.opt.Jobs = runtime.GOMAXPROCS(0)
	}
	err := v.run(ctx, commits)
	if err == nil && len(v.report.Problems) > 0 {
		err = v.report.Problems[0]
	}
	return v.report, err
}

type verifier struct {
	src  Source
	opt  VerifyOptions
	task progress.Task

	mu     sync.Mutex
	report VerifyReport
	said   map[string]bool // texts of the problems
}

// run walks the closures and lets workers read what it finds.
func (v *verifier) run(ctx context.Context, commits []Checksum) error {
	workers, ctx := errgroup.WithContext(ctx)
	ids := make(chan ObjectID, 256)
	for range v.opt.Jobs {
		workers.Go(func() error {
			for id := range ids {
				if err := v.object(ctx, id); err != nil {
					return err
				}
			}
			return nil
		})
	}
	workers.Go(func() error {
		defer close(ids)
		return v.walk(ctx, commits, ids)
	})
	return workers.Wait()
}

func (v *verifier) walk(ctx context.Context, commits []Checksum, ids chan<- ObjectID) error {
	send := func(id ObjectID) error {
		v.task.Grow(1)
		select {
		case ids <- id:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	// A dirtree that is bad is reported by the worker that reads it; the walk
	// only has to leave it out.
	w := &walker{src: v.src, seen: map[ObjectID]struct{}{}, fn: send, bad: v.skip}
	for _, commit := range commits {
		if err := w.commit(ctx, commit); err != nil {
			return err
		}
		id := ObjectID{commit, TypeCommit}
		if _, walked := w.seen[id]; !walked { // the commit itself is bad
			if err := w.visit(id); err != nil {
				return err
			}
			continue
		}
		if err := v.detached(ctx, commit); err != nil {
			return err
		}
	}
	return nil
}

// skip swallows what a worker reports too. Too deep a tree is reported here:
// each object of it is good by itself.
func (v *verifier) skip(err error) error {
	if !isProblem(err) {
		return err
	}
	return v.problem(err)
}

// detached checks commitmeta if there is one.
func (v *verifier) detached(ctx context.Context, commit Checksum) error {
	_, err := load(ctx, v.src, ObjectID{commit, TypeCommitMeta})
	if _, missing := errors.AsType[*MissingError](err); missing || err == nil {
		return nil
	}
	if !isProblem(err) {
		return err
	}
	return v.problem(err)
}

func (v *verifier) object(ctx context.Context, id ObjectID) error {
	if v.opt.Seen != nil {
		v.opt.Seen(id)
	}
	defer v.task.Add(1)
	n, err := v.read(ctx, id)
	if err != nil && !isProblem(err) {
		return err
	}
	v.count(id, n)
	if err != nil {
		return v.problem(err)
	}
	return nil
}

// read is how long the object is, and what is wrong with it.
func (v *verifier) read(ctx context.Context, id ObjectID) (int64, error) {
	if v.opt.Turns != nil {
		select {
		case v.opt.Turns <- struct{}{}:
			defer func() { <-v.opt.Turns }()
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	obj, err := v.src.Object(ctx, id)
	if err != nil {
		return 0, err
	}
	return verifyObject(ctx, obj)
}

func (v *verifier) count(id ObjectID, n int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.report.Objects++
	v.report.Bytes += n
	if id.Type != TypeFile {
		v.report.Metadata++
	}
}

// problem notes a bad object, once, and ends the run unless it is to keep on.
func (v *verifier) problem(err error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	text := err.Error()
	if v.said[text] {
		return nil
	}
	v.said[text] = true
	v.report.Problems = append(v.report.Problems, err)
	if v.opt.KeepOn {
		return nil
	}
	return err
}

// isProblem says whether err is about an object, and not about the reading.
func isProblem(err error) bool {
	_, corrupt := errors.AsType[*CorruptError](err)
	return corrupt || isMissing(err)
}

func isMissing(err error) bool {
	_, missing := errors.AsType[*MissingError](err)
	return missing
}
