package fail

import (
	"errors"
	"fmt"
	"testing"
)

func TestClassAndHintSurviveWrapping(t *testing.T) {
	base := errors.New("ref main is gone")
	err := fmt.Errorf("publish: %w", As(New(NotFound, "run otactl ostree refs", "read: %w", base), Network, ""))
	if got := ClassOf(err); got != Network {
		t.Errorf("class = %v, want the outermost, Network", got)
	}
	if got := HintOf(err); got != "run otactl ostree refs" {
		t.Errorf("hint = %q, want the deeper one, since the outer is empty", got)
	}
	if !errors.Is(err, base) {
		t.Error("the cause got lost")
	}
	if As(nil, Auth, "x") != nil || Hint(nil, "x") != nil {
		t.Error("nil must stay nil")
	}
}
