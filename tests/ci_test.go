package tests

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func text(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// yamlIn is a document, or the test fails.
func yamlIn(t *testing.T, what, doc string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := yaml.Unmarshal([]byte(doc), &v); err != nil || len(v) == 0 {
		t.Fatalf("%s is no YAML map: %v", what, err)
	}
	return v
}

var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")

func TestExamplesForCIAreYAMLAndNameInputsThatThereAre(t *testing.T) {
	action := yamlIn(t, "action.yml", text(t, "../packaging/github-action/action.yml"))
	inputs := action["inputs"].(map[string]any)
	blocks := yamlBlock.FindAllStringSubmatch(text(t, "../docs/ci.md"), -1)
	if len(blocks) < 2 {
		t.Fatalf("%d examples, want those of GitHub and GitLab", len(blocks))
	}
	for _, b := range blocks {
		yamlIn(t, "example in docs/ci.md", b[1])
	}
	jobs := yamlIn(t, "workflow", blocks[0][1])["jobs"].(map[string]any)
	used := 0
	for _, step := range jobs["publish"].(map[string]any)["steps"].([]any) {
		with, _ := step.(map[string]any)["with"].(map[string]any)
		for name := range with {
			used++
			if _, ok := inputs[name]; !ok {
				t.Errorf("the workflow names input %s, which the action has not", name)
			}
		}
	}
	if used == 0 {
		t.Error("the workflow uses no input of the action")
	}
}

var reference = regexp.MustCompile(`\$\{\{ (inputs|steps\.publish\.outputs)\.([a-z0-9-]+) \}\}`)

func TestActionPassesEachInputOnAndSecretsInVariablesOnly(t *testing.T) {
	raw := text(t, "../packaging/github-action/action.yml")
	action := yamlIn(t, "action.yml", raw)
	script := text(t, "../packaging/github-action/publish.sh")
	named := map[string]bool{}
	for _, m := range reference.FindAllStringSubmatch(raw, -1) {
		named[m[1]+" "+m[2]] = true
		if m[1] != "inputs" && !strings.Contains(script, m[2]+"=") {
			t.Errorf("output %s is never set", m[2])
		}
	}
	for name := range action["inputs"].(map[string]any) {
		if !named["inputs "+name] {
			t.Errorf("input %s goes nowhere", name)
		}
	}
	for _, step := range action["runs"].(map[string]any)["steps"].([]any) {
		if run := step.(map[string]any)["run"].(string); strings.Contains(run, "${{") {
			t.Errorf("an expression in a command is code for whoever chooses its value: %s", run)
		}
	}
}

// BitBake makes the links to the build host's tools before it reads the classes of
// an image, so that what such a class says about them counts for nothing.
func TestToolsOfTheBuildHostAreNamedInTheConfiguration(t *testing.T) {
	const line = `HOSTTOOLS_NONFATAL += "otactl xz"`
	class := text(t, "../packaging/yocto/classes/otactl-publish.bbclass")
	if strings.Contains(class, "\n"+line) {
		t.Error("the class sets it, which is too late")
	}
	if !strings.Contains(class, "#   "+line) || !strings.Contains(text(t, "../docs/ci.md"), "\n"+line) {
		t.Error("nobody is told to set it")
	}
}

var flagName = regexp.MustCompile(`(?:^|[\s(])--([a-z0-9][a-z0-9-]*)`)

func TestFlagsInPackagingAndExamplesAreThoseOfPublish(t *testing.T) {
	help := string(runInside(t, "publish", "--help"))
	bitbake := text(t, "../packaging/yocto/classes/otactl-publish.bbclass")
	_, bitbake, _ = strings.Cut(bitbake, "do_otactl_publish() {")
	script := text(t, "../packaging/github-action/publish.sh")
	var lines []string
	for line := range strings.SplitSeq(script, "\n") {
		if strings.Contains(line, "args") || strings.HasPrefix(line, "option --") {
			lines = append(lines, line)
		}
	}
	for line := range strings.SplitSeq(text(t, "../docs/ci.md"), "\n") {
		if strings.Contains(line, "otactl publish --") {
			lines = append(lines, line)
		}
	}
	found := 0
	for _, m := range flagName.FindAllStringSubmatch(strings.Join(lines, "\n")+bitbake, -1) {
		found++
		if !regexp.MustCompile(`--` + m[1] + `\b`).MatchString(help) {
			t.Errorf("publish has no flag --%s", m[1])
		}
	}
	if found < 15 {
		t.Errorf("only %d flags were found to look at", found)
	}
}
