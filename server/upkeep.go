package server

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	renewEvery = time.Hour
	retryFirst = time.Minute // after a failure; then twice as long each time
	warnEvery  = 24 * time.Hour
)

// upkeep keeps metadata and the gateway's certificate fresh, forgets tokens and
// codes that have run out, and warns of what expires and is not renewed here.
// It wakes up often and asks the clock each time what is due, so that a clock
// that is set, or a machine that slept, delays nothing by more than one round.
func (s *Server) upkeep(ctx context.Context) {
	var warned time.Time
	failures := 0
	for {
		warned = s.warnDaily(ctx, warned)
		wait := time.NewTimer(pause(failures, rand.Float64()))
		select {
		case <-ctx.Done():
			wait.Stop()
			return
		case <-wait.C:
		}
		if err := s.renew(ctx); err == nil {
			failures = 0
		} else if ctx.Err() == nil {
			failures++
			s.log.Error("upkeep failed; it is tried again", "failures", failures, "error", err)
		}
	}
}

func (s *Server) renew(ctx context.Context) error {
	return errors.Join(s.author.Renew(ctx), s.pki.RenewTLS(), s.db.Sweep(ctx, s.opt.Clock()))
}

// pause is how long upkeep waits after a number of failures in a row; 0 is after
// a success. random, from 0 to 1, spreads it by a tenth either way, so that
// servers that started together do not work together for ever.
func pause(failures int, random float64) time.Duration {
	wait := renewEvery
	if failures > 0 {
		wait = min(retryFirst<<min(failures-1, 10), renewEvery)
	}
	return time.Duration(float64(wait) * (0.9 + 0.2*random))
}

// warnDaily logs what expires soon, once a day. It returns when it last did.
func (s *Server) warnDaily(ctx context.Context, last time.Time) time.Time {
	now := s.opt.Clock()
	if since := now.Sub(last); since >= 0 && since < warnEvery {
		return last
	}
	warnings, err := s.author.Warnings(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.log.Error("cannot tell what expires soon", "error", err)
		}
		return last
	}
	for _, e := range warnings {
		s.log.Warn(e.Text, "role", e.Role, "version", e.Version, "expires", e.Expires.Format(time.RFC3339))
	}
	return now
}
