package tests

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/commands"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/term"
)

// runInside runs the program in this process and returns its standard output.
func runInside(t *testing.T, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	std := term.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}
	unset := func(string) string { return "" }
	if code := commands.Main(t.Context(), append([]string{"otactl"}, args...), unset, std, clock.System); code != 0 {
		t.Fatalf("otactl %s: exit code %d: %s", strings.Join(args, " "), code, errs.String())
	}
	return out.Bytes()
}

// generated is each committed file that comes out of the program itself.
func generated() map[string][]string {
	return map[string][]string{
		"../completions/otactl.bash": {"completion", "bash"},
		"../completions/_otactl":     {"completion", "zsh"},
		"../completions/otactl.fish": {"completion", "fish"},
		"../completions/otactl.ps1":  {"completion", "powershell"},
		"../docs/exit-codes.md":      {"help", "exit-codes"},
		"../docs/env.md":             {"help", "environment"},
	}
}

func TestGeneratedFilesMatchTheCommandTree(t *testing.T) {
	for file, args := range generated() {
		committed, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(committed, runInside(t, args...)) {
			t.Errorf("%s is out of date; run make generate", file)
		}
	}
}

func TestEveryCommandHasItsManualPageAndNoOther(t *testing.T) {
	dir := t.TempDir()
	runInside(t, "man", "--dir", dir)
	want, have := pages(t, dir), pages(t, "../completions/man")
	for name, text := range want {
		if have[name] != text {
			t.Errorf("completions/man/%s is missing or out of date; run make generate", name)
		}
	}
	for name := range have {
		if _, ok := want[name]; !ok {
			t.Errorf("completions/man/%s belongs to no command", name)
		}
	}
}

func pages(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(file)] = string(text)
	}
	return out
}

// shell runs a script in a real shell and returns the lines it prints.
func shell(t *testing.T, name string, args ...string) []string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "TERM=dumb")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return strings.Fields(string(out))
}

// offered asks bash what it would complete the last word to.
func offered(t *testing.T, words ...string) []string {
	t.Helper()
	script := `source ../completions/otactl.bash
compopt() { :; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _otactl; printf '%s\n' "${COMPREPLY[@]}"`
	return shell(t, "bash", append([]string{"-c", script, "bash"}, words...)...)
}

func TestBashCompletesCommandsFlagsAndChoices(t *testing.T) {
	cases := []struct {
		words string
		want  string
	}{
		{"otactl comp", "completion"},
		{"otactl -o json completion fi", "fish"},
		{"otactl completion --quiet z", "zsh"},
		{"otactl version --outp", "--output"},
		{"otactl version --output y", "yaml"},
		{"otactl version --output = y", "yaml"},
		{"otactl man --dir ../completions/m", "../completions/man"},
	}
	for _, c := range cases {
		if got := strings.Join(offered(t, strings.Fields(c.words)...), " "); got != c.want {
			t.Errorf("%s: offers %q, want %q", c.words, got, c.want)
		}
	}
}

func TestFishCompletesCommandsFlagsAndChoices(t *testing.T) {
	cases := []struct{ line, want string }{
		{"otactl comp", "completion"},
		{"otactl -o json completion fi", "fish"},
		{"otactl completion --quiet z", "zsh"},
		{"otactl version --outp", "--output"},
		{"otactl version --output y", "yaml"},
	}
	for _, c := range cases {
		got := shell(t, "fish", "--no-config", "-c", "source ../completions/otactl.fish; complete -C '"+c.line+"' | string replace -r '\\t.*' ''")
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: offers %q, want %q", c.line, got, c.want)
		}
	}
}

func TestZshTakesItsCompletion(t *testing.T) {
	shell(t, "zsh", "-n", "../completions/_otactl")
	got := shell(t, "zsh", "-f", "-c", "autoload -U compinit; compinit -u -D; source ../completions/_otactl; echo $_comps[otactl]; whence -w _otactl_completion_bash")
	if want := "_otactl _otactl_completion_bash: function"; strings.Join(got, " ") != want {
		t.Errorf("zsh knows %q, want %q", got, want)
	}
}

// No PowerShell runs here, so what can go wrong without one is checked: a
// quote or bracket that a description brought along.
func TestPowerShellCompletionIsBalanced(t *testing.T) {
	text, err := os.ReadFile("../completions/otactl.ps1")
	if err != nil {
		t.Fatal(err)
	}
	depth, quoted := 0, false
	for i, r := range string(text) {
		switch {
		case r == '\'':
			quoted = !quoted
		case quoted && r == '\n':
			t.Fatalf("a quote is open at the end of the line at byte %d", i)
		case quoted:
		case strings.ContainsRune("({[", r):
			depth++
		case strings.ContainsRune(")}]", r):
			depth--
		}
	}
	if depth != 0 || quoted {
		t.Errorf("brackets are off by %d, quote open: %v", depth, quoted)
	}
}

func TestManualPagesUseOnlyManMacros(t *testing.T) {
	known := map[string]bool{".TH": true, ".SH": true, ".B": true, ".BR": true, ".PP": true, ".TP": true, ".nf": true, ".fi": true, ".br": true}
	for name, text := range pages(t, "../completions/man") {
		for _, line := range strings.Split(text, "\n") {
			if macro, _, _ := strings.Cut(line, " "); strings.HasPrefix(line, ".") && !known[macro] {
				t.Errorf("%s: %q is no macro", name, line)
			}
		}
	}
}
