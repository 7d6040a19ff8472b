package register

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	"github.com/google/uuid"

	"github.com/otactl/otactl/internal/fail"
)

// Run registers this device. The order matters: nothing on the device changes
// before the backend's reply is in hand and checked, so a failure anywhere
// leaves a working registration as it was.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.UUID == "" {
		o.UUID = uuid.NewString()
	}
	if o.Name == "" {
		o.Name = o.UUID
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	unlock, err := takeLock(o.LockFile)
	if err != nil {
		return nil, err
	}
	defer unlock()
	free, err := claimFolder(o.Dir)
	if err != nil {
		return nil, err
	}
	defer free()
	f, err := openFolder(o.Dir, func(p string) error { return at(&o, p) })
	if err != nil {
		return nil, err
	}
	res, err := o.run(ctx, f)
	return res, errors.Join(err, f.close())
}

func (o *Options) run(ctx context.Context, f *folder) (*Result, error) {
	if name := registered(o.Dir); name != "" && !o.Force {
		return nil, fail.As(fmt.Errorf("%w in %s (%s is there)", ErrRegistered, o.Dir, name), fail.Conflict, "pass --force to replace the registration")
	}
	if err := o.ping(ctx); err != nil {
		return nil, err
	}
	header, value, err := o.authorize(ctx)
	if err != nil {
		return nil, err
	}
	id, err := newIdentity(o.UUID, o.Factory, o.Production)
	if err != nil {
		return nil, err
	}
	raw, err := o.post(ctx, o.request(id.csrPEM), header, value)
	if err != nil {
		return nil, err
	}
	rep, err := o.parseReply(raw, id, o.Clock())
	if err != nil {
		return nil, fail.Hint(err, "nothing on the device was changed; tell whoever runs the backend")
	}
	files := maps.Clone(rep.files)
	files[keyFile] = id.keyPEM
	root := o.rootIfAsked(ctx, rep, id)
	if root != nil && !f.ownRoot {
		files[importedRoot] = root
	}
	names, err := f.put(files)
	if err != nil {
		return nil, fmt.Errorf("write the registration to %s: %w", o.Dir, err)
	}
	return &Result{UUID: o.UUID, Name: o.Name, Dir: o.Dir, Gateway: rep.gateway, Files: names, Trusted: root != nil}, nil
}

// rootIfAsked is the first root, or nil: a gateway that can't be reached from
// where devices are made is no reason to make none.
func (o *Options) rootIfAsked(ctx context.Context, rep *reply, id *identity) []byte {
	if o.GatewayPatience == 0 {
		return nil
	}
	root, err := o.firstRoot(ctx, rep, id)
	if err != nil {
		o.log().Warn("the gateway has not given the first root of trust; the device will ask it at its first check", "gateway", rep.gateway, "err", err)
		return nil
	}
	return root
}

func (o *Options) authorize(ctx context.Context) (header, value string, err error) {
	token, oauth := o.Token, o.Token == ""
	if oauth {
		if token, err = o.deviceFlow(ctx); err != nil {
			return "", "", err
		}
	}
	header, value = o.credential(token, oauth)
	return header, value, nil
}

// takeLock holds the lock that aktualizr-lite holds while it runs. flock is
// what the daemon uses; a POSIX record lock would not see it. It follows no
// link: the folder is one that every user can write to.
func takeLock(path string) (unlock func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	l := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDONLY|noFollow))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fail.Hint(fmt.Errorf("lock %s: %w", path, err), "run as root")
	}
	if !ok {
		return nil, fail.As(fmt.Errorf("%w: %s is locked", ErrDaemonRuns, filepath.Clean(path)), fail.Busy, "stop the aktualizr-lite service first")
	}
	return func() { _ = l.Unlock() }, nil
}
