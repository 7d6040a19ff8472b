package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// The ways in which a check is broken.
const (
	inverted = "inverted"
	always   = "always true"
	never    = "always false"
	left     = "left out" // a part of a condition, or a return
	shifted  = "shifted"  // < for <=, != for ==
)

// mutant is one check broken in one way.
type mutant struct {
	id   int
	file string // "trust.go"
	fn   string // the function it is in
	line int
	text string // the check as it is written, in one line
	kind string
	nth  int // of those in the function that look alike, from 1
}

// key tells a mutant from all others for as long as its check stands.
func (m mutant) key() string {
	key := m.file + ": " + m.fn + ": " + m.text + ": " + m.kind
	if m.nth > 1 {
		key += " #" + strconv.Itoa(m.nth)
	}
	return key
}

// edit puts text into the source before the byte at.
type edit struct {
	at   int
	text string
}

// source is one file and what has to be put into it, so that each of its
// checks asks at run time whether it is broken.
type source struct {
	name    string
	text    []byte
	set     *token.FileSet
	file    *ast.File
	edits   []edit
	mutants []mutant
	first   int    // id of the first mutant
	fn      string // where the walk is
}

// instrument reads a file and breaks each check in it; ids start at first.
func instrument(path string, first int) (*source, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &source{name: filepath.Base(path), text: text, set: token.NewFileSet(), first: first}
	if s.file, err = parser.ParseFile(s.set, path, text, parser.SkipObjectResolution); err != nil {
		return nil, err
	}
	for _, decl := range s.file.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Body != nil {
			s.fn = funcName(fn)
			ast.Inspect(fn.Body, s.visit)
		}
	}
	return s, nil
}

// funcName is the function's name, after its receiver's if it has one.
func funcName(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	of := fn.Recv.List[0].Type
	if p, ok := of.(*ast.StarExpr); ok {
		of = p.X
	}
	id, ok := of.(*ast.Ident)
	if !ok {
		return fn.Name.Name
	}
	return id.Name + "." + fn.Name.Name
}

// visit breaks the checks of one node.
func (s *source) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IfStmt:
		s.condition(n.Cond, ends(n.Body))
		if n.Else == nil {
			s.removeReturn(n.Body)
		}
	case *ast.SwitchStmt:
		if n.Tag == nil {
			s.cases(n.Body)
		}
	case *ast.ReturnStmt:
		s.values(n.Results)
	case *ast.AssignStmt:
		s.values(n.Rhs)
	}
	return true
}

func (s *source) cases(body *ast.BlockStmt) {
	for _, stmt := range body.List {
		clause, ok := stmt.(*ast.CaseClause)
		if !ok {
			continue
		}
		for _, cond := range clause.List {
			s.condition(cond, true)
		}
	}
}

// values breaks what is a condition by the look of it and stands in no if.
func (s *source) values(list []ast.Expr) {
	for _, e := range list {
		if b, ok := ast.Unparen(e).(*ast.BinaryExpr); ok && (logical(b.Op) || shiftOf(b.Op) != token.ILLEGAL) {
			s.condition(e, true)
		}
	}
}

// ends says whether a block leaves its function or notes an error.
func ends(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			found = true
		case *ast.AssignStmt:
			for _, to := range n.Lhs {
				id, ok := to.(*ast.Ident)
				found = found || ok && id.Name == "err"
			}
		}
		return !found
	})
	return found
}

// condition breaks e as a whole, and each part of it.
func (s *source) condition(e ast.Expr, guards bool) {
	kinds := []string{inverted}
	if guards {
		kinds = append(kinds, always, never)
	}
	for _, kind := range kinds {
		s.wrap(e, kind)
	}
	if b, ok := ast.Unparen(e).(*ast.BinaryExpr); ok && (b.Op == token.EQL || b.Op == token.NEQ) {
		return // inverted is the same as shifted
	}
	s.parts(e)
}

func (s *source) parts(e ast.Expr) {
	switch e := e.(type) {
	case *ast.ParenExpr:
		s.parts(e.X)
	case *ast.UnaryExpr:
		if e.Op == token.NOT {
			s.parts(e.X)
		}
	case *ast.BinaryExpr:
		if logical(e.Op) {
			for _, part := range []ast.Expr{e.X, e.Y} {
				s.leaveOut(part, e.Op)
				s.parts(part)
			}
			return
		}
		s.shift(e)
	}
}

func logical(op token.Token) bool { return op == token.LAND || op == token.LOR }

// wrap puts e into a call that breaks it.
func (s *source) wrap(e ast.Expr, kind string) {
	call := map[string]string{inverted: "mutantNot", always: "mutantTrue", never: "mutantFalse"}[kind]
	id := s.add(e, kind, s.between(e))
	s.around(e, fmt.Sprintf("%s(%d, ", call, id), ")")
}

// leaveOut makes a part of a condition say nothing: true in a chain of ands,
// false in one of ors.
func (s *source) leaveOut(e ast.Expr, op token.Token) {
	call := "mutantTrue"
	if op == token.LOR {
		call = "mutantFalse"
	}
	id := s.add(e, left, s.between(e))
	s.around(e, fmt.Sprintf("%s(%d, ", call, id), ")")
}

// shift puts the comparison that is off by one beside the right one.
func (s *source) shift(e *ast.BinaryExpr) {
	op := shiftOf(e.Op)
	if op == token.ILLEGAL {
		return
	}
	id := s.add(e, shifted, s.between(e))
	s.around(e, fmt.Sprintf("mutantOther(%d, ", id), fmt.Sprintf(", %s %s %s)", s.between(e.X), op, s.between(e.Y)))
}

func shiftOf(op token.Token) token.Token {
	switch op {
	case token.LSS:
		return token.LEQ
	case token.LEQ:
		return token.LSS
	case token.GTR:
		return token.GEQ
	case token.GEQ:
		return token.GTR
	case token.EQL:
		return token.NEQ
	case token.NEQ:
		return token.EQL
	}
	return token.ILLEGAL
}

// removeReturn makes a block of several statements go on past its end. (That
// of a single one is left out by its condition.)
func (s *source) removeReturn(body *ast.BlockStmt) {
	if len(body.List) < 2 {
		return
	}
	ret, ok := body.List[len(body.List)-1].(*ast.ReturnStmt)
	if !ok {
		return
	}
	id := s.add(ret, left, s.between(ret))
	s.around(ret, fmt.Sprintf("if !mutantTrue(%d, false) { ", id), " }")
}

func (s *source) add(n ast.Node, kind, text string) int {
	id := s.first + len(s.mutants)
	m := mutant{id, s.name, s.fn, s.set.Position(n.Pos()).Line, strings.Join(strings.Fields(text), " "), kind, 1}
	for _, o := range s.mutants {
		if o.fn == m.fn && o.text == m.text && o.kind == m.kind {
			m.nth++
		}
	}
	s.mutants = append(s.mutants, m)
	return id
}

func (s *source) offset(p token.Pos) int { return s.set.Position(p).Offset }

func (s *source) between(n ast.Node) string {
	return string(s.text[s.offset(n.Pos()):s.offset(n.End())])
}

// around notes what to put before and after n. What is noted first stands
// outside.
func (s *source) around(n ast.Node, before, after string) {
	s.edits = append(s.edits, edit{s.offset(n.Pos()), before}, edit{s.offset(n.End()), after})
}

// render is the file with everything put in. Of what goes in at one place, the
// ends of earlier things come first, inner ones before outer ones; then the
// beginnings, outer ones before inner ones.
func (s *source) render() []byte {
	var begins, ends []edit
	for i, e := range s.edits {
		if i%2 == 0 {
			begins = append(begins, e)
		} else {
			ends = append(ends, e)
		}
	}
	slices.Reverse(ends)
	all := append(ends, begins...)
	slices.SortStableFunc(all, func(a, b edit) int { return a.at - b.at })
	var out []byte
	at := 0
	for _, e := range all {
		out = append(append(out, s.text[at:e.at]...), e.text...)
		at = e.at
	}
	return append(out, s.text[at:]...)
}
