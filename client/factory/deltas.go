package factory

import (
	"context"
	"net/http"
	"strconv"
)

// StaticDeltas asks the backend to make static deltas to the targets of a
// version from those of others, for one hardware id or, with "", for all. A
// backend that makes none answers 404.
func (c *Client) StaticDeltas(ctx context.Context, to int, from []int, hwid string) (Changed, error) {
	body := map[string]any{"from_versions": from, "hw_id": hwid}
	r, err := c.call(ctx, http.MethodPost, c.path("targets", strconv.Itoa(to), "static-deltas")+"/", nil, body)
	if err != nil {
		return Changed{}, refused(err)
	}
	var out struct {
		WebURL string `json:"web-url"`
	}
	if len(r.body) > 0 {
		if err := r.decode("static deltas", &out); err != nil {
			return Changed{}, err
		}
	}
	return Changed{WebURL: out.WebURL}, nil
}
