package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
)

// An exitRow is one line of the table from errors to exit codes.
type exitRow struct {
	code    int
	name    string // the "code" of a JSON error
	meaning string
	match   func(error) bool
}

// exitTable is ordered: the first row that matches decides. Classes given by
// the library come before what can be told from the error's origin.
func exitTable() []exitRow {
	return []exitRow{
		{130, "interrupted", "a signal asked it to stop; what was done so far is kept and can be continued", is(context.Canceled)},
		{2, "usage", "the call was wrong; nothing was tried", class(fail.Usage)},
		{3, "partial", "some of it was done", class(fail.Partial)},
		{4, "auth", "credentials are missing, expired or refused", class(fail.Auth)},
		{5, "not-found", "the thing named is not there", class(fail.NotFound)},
		{6, "conflict", "it is there already, or somebody else was first", class(fail.Conflict)},
		{6, "busy", "another instance is at work", class(fail.Busy)},
		{7, "verification", "bytes are not what they claim to be", class(fail.Verification)},
		{7, "expired", "metadata or a bundle was good once", class(fail.Expired)},
		{8, "network", "the other side could not be reached, was busy, or broke off", class(fail.Network)},
		{9, "no-space", "the disk is full, or would be", class(fail.NoSpace)},
		{1, "unsupported", "this machine or build cannot do it", class(fail.Unsupported)},
		{9, "no-space", "the disk is full, or would be", is(syscall.ENOSPC)},
		{8, "network", "the other side could not be reached, was busy, or broke off", isNet},
		{8, "network", "the other side took too long", is(context.DeadlineExceeded)},
		{5, "not-found", "the thing named is not there", is(os.ErrNotExist)},
		{1, "failure", "anything else", func(error) bool { return true }},
	}
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func class(c fail.Class) func(error) bool {
	return func(err error) bool { return fail.ClassOf(err) == c }
}

// isNet does not fall for syscall.Errno, which has the methods of a net.Error
// and is inside every error about a file.
func isNet(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	_, errno := e.(syscall.Errno)
	return ok && !errno
}

// exitCode is an error that has said all it had to say: only the number is
// left. Commands return it through codeError.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// codeError ends the program with code and prints nothing more; nil for 0.
func codeError(code int) error {
	if code == 0 {
		return nil
	}
	return exitCode(code)
}

// classify finds the row of err.
func classify(err error) exitRow {
	for _, row := range exitTable() {
		if row.match(err) {
			return row
		}
	}
	return exitRow{code: 1, name: "failure"}
}

// finish reports err, if there is one, and returns the exit code.
func (rt *runtime) finish(ctx context.Context, err error) int {
	if err == nil {
		return 0
	}
	if code, ok := errors.AsType[exitCode](err); ok {
		return int(code)
	}
	row := classify(err)
	if ctx.Err() != nil {
		row = classify(context.Canceled)
	}
	rt.report(row, err)
	return row.code
}

// report writes one line to standard error: JSON when results are JSON, so
// that a script finds one kind of document on both streams.
func (rt *runtime) report(row exitRow, err error) {
	message, hint := oneLine(err.Error()), oneLine(fail.HintOf(err))
	if rt.format == render.JSON {
		doc := errorDocument{errorBody{row.name, message, hint}}
		line, _ := json.Marshal(doc) // three strings always marshal
		fmt.Fprintf(rt.screen, "%s\n", line)
		return
	}
	if hint != "" {
		message += " (hint: " + hint + ")"
	}
	fmt.Fprintf(rt.screen, "%s: %s\n", programName, message)
}

type errorDocument struct {
	Error errorBody `json:"error"`
}

type errorBody struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// oneLine makes text from outside safe to show.
func oneLine(s string) string { return render.OneLine(s) }
