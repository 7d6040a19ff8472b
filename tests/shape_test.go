package tests

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// source is one Go file of ours, parsed.
type source struct {
	path string // below the module, with slashes
	test bool
	file *ast.File
	set  *token.FileSet
}

func (s source) lines(n ast.Node) int {
	return s.set.Position(n.End()).Line - s.set.Position(n.Pos()).Line + 1
}

func (s source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.set.Position(n.Pos()).Line)
}

// sources parses every Go file of the module.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git" || d.Name() == "bin") {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(path, ".."+string(filepath.Separator)))
		test := strings.HasSuffix(name, "_test.go") || within(name, "tests") || within(name, "internal/testkit") || strings.HasSuffix(file.Name.Name, "test")
		all = append(all, source{name, test, file, set})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// callOwners says in which files a function may be called, and why.
var callOwners = []struct {
	call  string
	files []string
	why   string
}{
	{"os.Exit", []string{"main.go"}, "everything else returns, so that it can be tested and cleaned up"},
	{"log.Fatal", nil, "it exits"},
	{"os.Getenv", []string{"commands/env.go", "internal/httpx/proxy.go"}, "the environment is an input and is handed in"},
	{"os.LookupEnv", []string{"commands/env.go"}, "the environment is an input and is handed in"},
	{"time.Now", []string{"internal/clock"}, "expiry is decided by a clock that is handed in"},
	{"time.Since", []string{"internal/clock"}, "it reads the machine's clock"},
	{"fmt.Print", nil, "standard output is handed in"},
	{"fmt.Println", nil, "standard output is handed in"},
	{"fmt.Printf", nil, "standard output is handed in"},
	// ContentChecksum hashes what the caller has in hand and waits for nobody;
	// a server's grace period begins when its context has ended.
	{"context.Background", []string{"main.go", "ostree/content.go", "server/server.go"}, "whoever is asked to stop has to reach all work"},
	{"context.TODO", nil, "whoever is asked to stop has to reach all work"},
}

func TestArchCallsStayWithTheirOwners(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			from, ok := sel.X.(*ast.Ident)
			if !ok {
				return true
			}
			for _, rule := range callOwners {
				if from.Name+"."+sel.Sel.Name == rule.call && !withinAny(s.path, rule.files) {
					t.Errorf("%s: %s: %s", s.at(n), rule.call, rule.why)
				}
			}
			return true
		})
	}
}

// Every variable that is read by name is written down.
func TestArchVariablesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/env.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 || !(strings.HasSuffix(calledName(call), ".env") || strings.HasSuffix(calledName(call), ".Getenv")) {
				return true
			}
			if name, ok := call.Args[0].(*ast.BasicLit); ok && !strings.Contains(string(page), strings.Trim(name.Value, `"`)) {
				t.Errorf("%s: docs/env.md does not know %s", s.at(call), name.Value)
			}
			return true
		})
	}
}

// mayPanic is where a panic is the answer to the program's own mistake, never
// to input.
var mayPanic = []string{
	"ostree/variant", // reading a value as another type, like an index out of range
}

func TestArchNoInitAndNoPanic(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil && n.Name.Name == "init" {
					t.Errorf("%s: init runs before anybody asked", s.at(n))
				}
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "panic" && !withinAny(s.path, mayPanic) {
					t.Errorf("%s: panic; return an error", s.at(n))
				}
			}
			return true
		})
	}
}

// A package variable may hold what never changes: a sentinel error, a
// compiled expression or template, a table, an embedded file, or a check that
// a type fits an interface.
func TestArchPackageVariablesNeverChange(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for _, decl := range s.file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.VAR {
				continue
			}
			for _, spec := range gen.Specs {
				checkVariable(t, s, gen, spec.(*ast.ValueSpec))
			}
		}
	}
}

func checkVariable(t *testing.T, s source, gen *ast.GenDecl, spec *ast.ValueSpec) {
	t.Helper()
	embedded := gen.Doc != nil && strings.Contains(commentText(gen.Doc), "//go:embed")
	for i, name := range spec.Names {
		if name.Name == "_" || embedded {
			continue
		}
		if i >= len(spec.Values) {
			t.Errorf("%s: variable %s has no constant value", s.at(name), name.Name)
			continue
		}
		if !constant(spec.Values[i]) {
			t.Errorf("%s: variable %s is neither a sentinel, an expression nor a table", s.at(name), name.Name)
		}
	}
}

func commentText(g *ast.CommentGroup) string {
	var b strings.Builder
	for _, c := range g.List {
		b.WriteString(c.Text)
	}
	return b.String()
}

// constant says whether a value is one of those that a package may hold.
func constant(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CompositeLit:
		return true
	case *ast.UnaryExpr:
		return constant(e.X)
	case *ast.CallExpr:
		makers := []string{
			"MustType", "variant.MustType", // of a format, written out in the source
			"errors.New", "fmt.Errorf", "fail.New", "fail.As", "regexp.MustCompile", "template.Must",
			"strings.NewReplacer", "base64.NewEncoding", "big.NewInt", "crc32.MakeTable",
		}
		return slices.Contains(makers, calledName(e))
	}
	return false
}

func calledName(e *ast.CallExpr) string {
	switch fn := e.Fun.(type) {
	case *ast.Ident:
		return fn.Name
	case *ast.SelectorExpr:
		if from, ok := fn.X.(*ast.Ident); ok {
			return from.Name + "." + fn.Sel.Name
		}
	}
	return ""
}

// Limits of size: what is longer does not fit in a head.
const (
	maxFileLines     = 400
	maxTestLines     = 800 // tables of cases are long and flat
	maxFunctionLines = 90
	p90FunctionLines = 45
)

// longFiles are exceptions from the limit on files, each with its reason.
var longFiles = map[string]string{}

func TestArchFilesAndFunctionsFitInAHead(t *testing.T) {
	var lengths []int
	for _, s := range sources(t) {
		limit := maxFileLines
		if s.test {
			limit = maxTestLines
		}
		if _, excused := longFiles[s.path]; !excused && s.lines(s.file) > limit {
			t.Errorf("%s has %d lines, more than %d", s.path, s.lines(s.file), limit)
		}
		for _, decl := range s.file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || s.test {
				continue
			}
			lengths = append(lengths, s.lines(fn))
			if s.lines(fn) > maxFunctionLines {
				t.Errorf("%s: %s has %d lines, more than %d", s.at(fn), fn.Name.Name, s.lines(fn), maxFunctionLines)
			}
		}
	}
	slices.Sort(lengths)
	median, p90 := lengths[len(lengths)/2], lengths[len(lengths)*9/10]
	t.Logf("%d functions; lines: median %d, p90 %d, longest %d", len(lengths), median, p90, lengths[len(lengths)-1])
	if p90 > p90FunctionLines {
		t.Errorf("one function in ten has more than %d lines, the aim is %d", p90, p90FunctionLines)
	}
}

// A package is named after what it holds.
func TestArchNoPackageForOddsAndEnds(t *testing.T) {
	for _, s := range sources(t) {
		if name := s.file.Name.Name; slices.Contains([]string{"util", "utils", "common", "helpers", "misc"}, name) {
			t.Errorf("%s: package %s says nothing about what it holds", s.path, name)
		}
	}
}
