// Package fail gives an error the two things a person and a script need
// besides what failed: what to do next, and a class that decides the exit code.
//
// A class says what kind of thing went wrong, never what number the process
// ends with; the table from errors to exit codes belongs to the command line.
package fail

import (
	"errors"
	"fmt"
)

// Class sorts failures the way a script has to react to them.
type Class int

// The classes.
const (
	Unknown      Class = iota
	Usage              // the call was wrong; nothing was tried
	Partial            // some of it was done
	Auth               // who you are was refused or is not known
	NotFound           // the thing named is not there
	Conflict           // somebody else was first, or it is there already
	Verification       // bytes are not what they claim to be
	Expired            // it was good once
	Network            // the other side could not be reached, was busy, or broke off
	NoSpace            // the disk is full, or would be
	Unsupported        // this machine or build cannot do it
	Busy               // another instance is at work
)

type classed struct {
	err   error
	class Class
	hint  string
}

func (c *classed) Error() string { return c.err.Error() }
func (c *classed) Unwrap() error { return c.err }

// New makes an error of a class; hint says what to do and may be empty.
func New(class Class, hint, format string, args ...any) error {
	return &classed{err: fmt.Errorf(format, args...), class: class, hint: hint}
}

// As gives err a class and a hint, leaving its text as it is. A nil err stays
// nil; an empty hint leaves a deeper one in force.
func As(err error, class Class, hint string) error {
	if err == nil {
		return nil
	}
	return &classed{err: err, class: class, hint: hint}
}

// Hint gives err a hint and leaves its class alone.
func Hint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &classed{err: err, class: ClassOf(err), hint: hint}
}

// ClassOf is the class of the outermost classified error in the chain.
func ClassOf(err error) Class {
	if c, ok := errors.AsType[*classed](err); ok {
		return c.class
	}
	return Unknown
}

// HintOf is the first hint in the chain, or "".
func HintOf(err error) string {
	for err != nil {
		c, ok := errors.AsType[*classed](err)
		if !ok {
			return ""
		}
		if c.hint != "" {
			return c.hint
		}
		err = c.err
	}
	return ""
}
