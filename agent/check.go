package agent

import "context"

// Listed is a target that this device may install, as a list shows it.
type Listed struct {
	Target
	Current  bool   // of the version that runs
	Newer    bool   // than that
	Failed   bool   // on this device before
	Selected bool   // what an update without a name would install
	Reason   string // why it is selected

	// On says whether the device is configured to run an app.
	On func(app string) bool
}

// Listing is the outcome of Check and List.
type Listing struct {
	Code    Code // Ok, CheckinOkCached, or one of the CheckinUpdate codes
	Targets []Listed
}

// Check updates the metadata from src and lists the targets.
func (a *Agent) Check(ctx context.Context, src Source) (Listing, error) {
	a.callback(ctx, checkPre, nil, "")
	l, err := a.check(ctx, src)
	a.callback(ctx, checkPost, nil, outcome(err))
	return l, err
}

func (a *Agent) check(ctx context.Context, src Source) (Listing, error) {
	in, err := a.checkIn(ctx, src)
	if err != nil {
		return Listing{}, err
	}
	return a.list(ctx, in, in.cached && src.Rules().TellStored)
}

// List lists the targets by the stored metadata alone. src may be nil; else
// only targets whose content it has are listed.
func (a *Agent) List(ctx context.Context, src Source) (Listing, error) {
	in, err := a.checkInStored(ctx, src)
	if err != nil {
		return Listing{}, err
	}
	return a.list(ctx, in, true)
}

func (a *Agent) list(ctx context.Context, in *checkin, cached bool) (Listing, error) {
	current, err := a.Current(ctx)
	if err != nil {
		return Listing{}, err
	}
	sel, err := a.choose(ctx, in.targets, current, want{})
	if err != nil {
		return Listing{}, err
	}
	failing, err := a.db.Failing(ctx)
	if err != nil {
		return Listing{}, err
	}
	l := Listing{Code: sel.Code}
	if cached && sel.Code == Ok {
		l.Code = CheckinOkCached
	}
	for _, t := range in.targets {
		row := Listed{Target: t, Current: t.Version == current.Version, Newer: t.Version > current.Version, Failed: failing[t.Name], On: a.appOn}
		if sel.Target != nil && sel.Target.Name == t.Name {
			row.Selected, row.Reason = true, sel.Reason
		}
		l.Targets = append(l.Targets, row)
	}
	return l, nil
}

// Status is what a device knows about itself.
type Status struct {
	DeviceID   string
	HardwareID string
	Tags       []string
	Commit     string // the OSTree commit that runs
	Current    Target
	Pending    *Target // waits for a reboot

	// On says whether the device is configured to run an app.
	On func(app string) bool
}

// Status reads the state; it changes nothing.
func (a *Agent) Status(ctx context.Context) (Status, error) {
	s := Status{DeviceID: a.deviceID, HardwareID: a.ecu.HardwareID, Tags: a.cfg.Pacman.Tags, On: a.appOn}
	var err error
	if s.Current, err = a.Current(ctx); err != nil {
		return s, err
	}
	s.Commit = s.Current.Commit
	row, waiting, err := a.db.Pending(ctx)
	if err != nil || !waiting {
		return s, err
	}
	t, err := fromState(row)
	s.Pending = &t
	return s, err
}
