package factory

import (
	"context"
	"errors"
	"net/http"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
)

// Device is a registered device as the backend lists it.
type Device struct {
	UUID       string `json:"uuid" yaml:"uuid"`
	Name       string `json:"name" yaml:"name"`
	HardwareID string `json:"hardware-id" yaml:"hardware-id"`
	Tag        string `json:"tag" yaml:"tag"`
	Group      string `json:"group" yaml:"group"`
	Target     string `json:"target-name" yaml:"target-name"`
	OSTreeHash string `json:"ostree-hash" yaml:"ostree-hash"`
	CreatedAt  string `json:"created-at" yaml:"created-at"`
	LastSeen   string `json:"last-seen" yaml:"last-seen"`
}

// Devices lists the factory's devices. A server may wrap the list in an object
// under "devices".
func (c *Client) Devices(ctx context.Context) ([]Device, error) {
	r, err := c.call(ctx, http.MethodGet, c.path("devices")+"/", nil, nil)
	if err != nil {
		return nil, err
	}
	var list []Device
	if err := r.decode("devices", &list); err == nil {
		return list, nil
	}
	var wrapped struct {
		Devices []Device `json:"devices"`
	}
	return wrapped.Devices, r.decode("devices", &wrapped)
}

// Approval says whose code was approved.
type Approval struct {
	UUID        string `json:"uuid" yaml:"uuid"`
	UserCode    string `json:"user_code" yaml:"user_code"`
	From        string `json:"from" yaml:"from"`                 // address that asked
	RequestedAt string `json:"requested-at" yaml:"requested-at"` // RFC 3339
	ExpiresAt   string `json:"expires-at" yaml:"expires-at"`     // RFC 3339
}

// ApproveDevice confirms the user code that a device shows while it registers. It
// asks once: a code that is approved is not waiting any more, and would then be
// called unknown.
func (c *Client) ApproveDevice(ctx context.Context, userCode string) (Approval, error) {
	body := map[string]string{"user_code": userCode}
	var a Approval
	r, err := c.act(ctx, c.path("device-codes", "approve"), body)
	if httpx.Code(err) == http.StatusNotFound {
		if se, ok := errors.AsType[*httpx.StatusError](err); ok && se.Reason != "" {
			return a, fail.New(fail.NotFound, "compare it with what the device shows; codes run out after a while", "user code %q: not waiting for approval", userCode)
		}
	}
	if fail.ClassOf(err) == fail.Network && httpx.Code(err) == 0 {
		err = fail.As(err, fail.Network, "it may be approved all the same: look at otactl devices list, and run this again if the device still waits")
	}
	if err != nil {
		return a, err
	}
	return a, r.decode("device-codes/approve", &a)
}

// DeleteDevice ends a device's registration, named by its name or its uuid: the
// backend refuses its certificate from then on. One that is not registered is
// an error of class fail.NotFound.
func (c *Client) DeleteDevice(ctx context.Context, nameOrUUID string) error {
	_, err := c.call(ctx, http.MethodDelete, c.path("devices", nameOrUUID)+"/", nil, nil)
	return err
}
