package register

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// request is the body of the registration. The backends in the field expect
// use-ostree-server as a string and override values that carry their own TOML
// quotes; an empty value there means "unset this key".
type request struct {
	UseOSTreeServer string                       `json:"use-ostree-server"`
	SotaConfigDir   string                       `json:"sota-config-dir"`
	HardwareID      string                       `json:"hardware-id"`
	Name            string                       `json:"name"`
	UUID            string                       `json:"uuid"`
	CSR             string                       `json:"csr"`
	Group           string                       `json:"group,omitempty"`
	Overrides       map[string]map[string]string `json:"overrides"`
}

func (o *Options) request(csr []byte) request {
	return request{
		UseOSTreeServer: strconv.FormatBool(o.UseOSTreeServer),
		SotaConfigDir:   o.Dir,
		HardwareID:      o.HardwareID,
		Name:            o.Name,
		UUID:            o.UUID,
		CSR:             string(csr),
		Group:           o.Group,
		Overrides:       o.overrides(),
	}
}

func (o *Options) overrides() map[string]map[string]string {
	pacman := map[string]string{}
	if len(o.Tags) > 0 {
		pacman["tags"] = strconv.Quote(strings.Join(o.Tags, ","))
	}
	if o.ComposeApps {
		pacman["type"] = `"ostree+compose_apps"`
		pacman["compose_apps_root"] = strconv.Quote(filepath.Join(o.Dir, "compose-apps"))
		pacman["reset_apps_root"] = strconv.Quote(filepath.Join(o.Dir, "reset-apps"))
		if o.Apps != nil {
			pacman["compose_apps"] = strconv.Quote(*o.Apps)
		}
		if o.RestorableApps != nil {
			pacman["reset_apps"] = strconv.Quote(*o.RestorableApps)
		}
	}
	return map[string]map[string]string{"pacman": pacman}
}

// ping asks whether the backend is there before a person is sent to confirm a
// code. Anything below 500 counts: 401 and 405 are healthy answers.
func (o *Options) ping(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, o.DeviceAPI, nil)
	if err != nil {
		return fail.As(fmt.Errorf("device API %q: %w", o.DeviceAPI, err), fail.Usage, "pass a full URL")
	}
	resp, err := o.HTTP.Do(req)
	if err != nil {
		return fail.As(fmt.Errorf("reach the backend: %w", err), fail.Network, "check the address and the network")
	}
	_ = resp.Body.Close()
	if resp.StatusCode >= 500 {
		return fail.New(fail.Network, "try again later", "reach the backend: %s answers HTTP %d", o.DeviceAPI, resp.StatusCode)
	}
	return nil
}

// credential is the one header that says who asks.
func (o *Options) credential(token string, oauth bool) (name, value string) {
	switch {
	case !oauth:
		return o.TokenHeader, token
	case o.RawBearer:
		return "Authorization", "Bearer " + token
	}
	return "Authorization", "Bearer " + base64.StdEncoding.EncodeToString([]byte(token))
}

// post sends the request and returns the reply of a 201, undigested.
func (o *Options) post(ctx context.Context, r request, header, value string) ([]byte, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.DeviceAPI, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(header, value)
	resp, err := o.HTTP.Do(req)
	if err != nil {
		return nil, fail.As(fmt.Errorf("register at %s: %w", o.DeviceAPI, err), fail.Network, "check the network and run register again")
	}
	defer resp.Body.Close()
	reply, err := fsx.ReadAll(resp.Body, o.DeviceAPI, limits.RegistrationReply)
	if err != nil {
		return nil, errors.Join(ErrBadReply, err)
	}
	if resp.StatusCode != http.StatusCreated {
		return nil, refusal(resp.StatusCode, reply)
	}
	return reply, nil
}

// refusal turns an error reply into one line: every key and value of the JSON
// the backend sent, nested ones too, since that is where the reason is.
func refusal(status int, body []byte) error {
	class, hint := fail.Network, ""
	switch {
	case status == http.StatusUnauthorized:
		class, hint = fail.Auth, "the token is wrong or has expired"
	case status == http.StatusForbidden:
		class, hint = fail.Auth, "the account may not create devices (scope devices:create)"
	case status == http.StatusConflict:
		class, hint = fail.Conflict, "a device of that name or UUID exists; choose another name or delete the old device"
	case status < 500:
		class = fail.Usage
	}
	return fail.As(fmt.Errorf("%w: HTTP %d: %s", ErrRefused, status, describe(body)), class, hint)
}

func describe(body []byte) string {
	var m map[string]any
	if json.Unmarshal(body, &m) != nil {
		return fmt.Sprintf("%.300q", bytes.TrimSpace(body))
	}
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, reasons(m))
	return text[:min(len(text), 600)]
}

// reasons is the message alone where only its code in one word stands beside
// it, as otactl serve answers.
func reasons(m map[string]any) string {
	if why, ok := m["message"].(string); ok && m["code"] != nil && len(m) == 2 {
		return why
	}
	var parts []string
	for k, v := range m {
		if nested, ok := v.(map[string]any); ok {
			for kk, vv := range nested {
				parts = append(parts, fmt.Sprintf("%s.%s: %v", k, kk, vv))
			}
			continue
		}
		parts = append(parts, fmt.Sprintf("%s: %v", k, v))
	}
	sort.Strings(parts)
	return strings.Join(parts, "; ")
}
