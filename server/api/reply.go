// Package api is what the handlers of the backend share: replies and errors in
// one form, capped request bodies, who may call what, and the parsers of the
// names that come in requests.
//
// It trusts nothing in a request. It must never put a token, a secret or an
// internal path in a reply or a log line, and never reads a body that has no
// cap.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/server/store"
)

// Error is a refusal: what the client is told, as
// {"message": Message, "code": Code}, and once more under description, which is
// where garage-sign looks.
type Error struct {
	Status  int
	Code    string // for programs: "target_exists"
	Message string // for people
	Retry   time.Duration
}

func (e *Error) Error() string { return e.Message }

// Refuse makes an *Error.
func Refuse(status int, code, message string) error {
	return &Error{Status: status, Code: code, Message: message}
}

// Handler is an http handler that may fail; Wrap answers the error.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Wrap answers the error of h. An error that is no *Error is logged and
// answered without its text: it is about the server's insides. So is a panic,
// which would otherwise be seen by whoever reads the debug log alone.
func Wrap(log *slog.Logger, h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				answer(log, w, r, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
			}
		}()
		if err := h(w, r); err != nil {
			answer(log, w, r, err)
		}
	})
}

func answer(log *slog.Logger, w http.ResponseWriter, r *http.Request, err error) {
	e := classify(err)
	if e.Status >= 500 && r.Context().Err() == nil {
		log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	if e.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((e.Retry+time.Second-1)/time.Second)))
	}
	JSON(w, e.Status, map[string]string{"message": e.Message, "code": e.Code, "description": e.Message})
}

// classify finds the answer to an error.
func classify(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &Error{Status: 413, Code: "too_large", Message: "the request body is longer than allowed"}
	}
	if _, ok := errors.AsType[*fsx.TooLargeError](err); ok {
		return &Error{Status: 413, Code: "too_large", Message: "the request body is longer than allowed"}
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return &Error{Status: 404, Code: "not_found", Message: "not found"}
	case errors.Is(err, ostree.ErrNoSpace), errors.Is(err, syscall.ENOSPC), fail.ClassOf(err) == fail.NoSpace:
		return &Error{Status: 507, Code: "no_space", Message: "the server's disk is full"}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &Error{Status: 503, Code: "stopping", Message: "the request was given up; try again"}
	}
	return &Error{Status: 500, Code: "internal", Message: "the server failed; its log says why"}
}

// JSON answers v with a status.
func JSON(w http.ResponseWriter, status int, v any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		status = http.StatusInternalServerError
		b.Reset()
		b.WriteString(`{"message":"the server failed to write its answer","code":"internal"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a client that left is its own affair
}

// Of passes on requests whose path names this factory, and no others.
func Of(factory string, next Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.PathValue("factory") != factory {
			return Refuse(http.StatusNotFound, "factory_not_found", "there is no such factory here; this server's is "+factory)
		}
		return next(w, r)
	}
}

// RequestTime is how long a request may take, to read and to answer, whose
// handler does not call AllowTime.
const RequestTime = time.Minute

const (
	slowLine = 16 << 10 // bytes per second
	mostTime = time.Hour
)

// AllowTime gives a request that moves size bytes, in either direction, the
// time a slow line takes for them, and not for ever to whoever moves nothing.
func AllowTime(w http.ResponseWriter, size int64) {
	seconds := min(max(size, 0)/slowLine, int64(mostTime/time.Second))
	allow(w, min(RequestTime+time.Duration(seconds)*time.Second, mostTime))
}

// AllowWork gives a request all the time there is: its work is the server's, and
// grows with what is in the repo.
func AllowWork(w http.ResponseWriter) { allow(w, mostTime) }

// allow moves the deadlines; a writer that knows none has none to move.
func allow(w http.ResponseWriter, d time.Duration) {
	until := clock.System().Add(d)
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(until)
	_ = c.SetWriteDeadline(until)
}

// Body reads the whole request body, at most max bytes.
func Body(w http.ResponseWriter, r *http.Request, max int64) ([]byte, error) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, max))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, err
	}
	if err != nil {
		return nil, Refuse(http.StatusBadRequest, "body", "the request body broke off")
	}
	return b, nil
}

// ReadJSON reads a request body of at most max bytes into v.
func ReadJSON(w http.ResponseWriter, r *http.Request, max int64, v any) error {
	b, err := Body(w, r, max)
	if err != nil {
		return err
	}
	return Decode(b, v)
}

// Decode reads one JSON value and nothing after it.
func Decode(b []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	if err := dec.Decode(v); err != nil {
		return Refuse(http.StatusBadRequest, "json", "the request body is not the JSON that belongs here")
	}
	if _, err := dec.Token(); err != io.EOF {
		return Refuse(http.StatusBadRequest, "json", "the request body goes on after the JSON value")
	}
	return nil
}
