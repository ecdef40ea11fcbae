package snapshot

import (
	"bytes"
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestEqualByTheRule(t *testing.T) {
	now := time.Now()
	type stamped struct {
		at  time.Time
		sum *big.Int
		in  map[string]temperature
	}
	two := func(v int64) *big.Int { return new(big.Int).Sub(big.NewInt(v+1<<40), big.NewInt(1<<40)) }
	for name, pair := range map[string][2]any{
		"unexported times":       {stamped{at: now}, stamped{at: now.Round(0).UTC()}},
		"unexported big":         {stamped{sum: big.NewInt(0)}, stamped{sum: two(0)}},
		"unexported Equal":       {stamped{in: map[string]temperature{"a": {300}}}, stamped{in: map[string]temperature{"a": {300.2}}}},
		"big by value":           {*big.NewInt(0), *two(0)},
		"rationals":              {big.NewRat(1, 2), big.NewRat(2, 4)},
		"expressions":            {regexp.MustCompile("a"), regexp.MustCompile("a")},
		"locked and not":         {&account{Status: "a"}, func() *account { a := &account{Status: "a"}; a.mu.Lock(); return a }()},
		"errors of one text":     {errors.New("a"), errors.New("a")},
		"wrapped errors":         {fmt.Errorf("a: %w", io.EOF), fmt.Errorf("a: %w", io.EOF)},
		"list errors":            {listError{"a"}, listError{"a"}},
		"buffers":                {new(bytes.Buffer), bytes.NewBuffer([]byte{})},
		"builders":               {&strings.Builder{}, func() *strings.Builder { b := &strings.Builder{}; b.Grow(9); return b }()},
		"lists":                  {listOf(1, 2), listOf(1, 2)},
		"same context":           {t.Context(), t.Context()},
		"panicking Equal inside": {[]any{grumpy{1}}, []any{grumpy{1}}},
		"blank fields":           {struct{ _, A int }{A: 1}, struct{ _, A int }{A: 1}},
		"zone":                   {time.FixedZone("a", 1), time.FixedZone("a", 1)},
	} {
		if !equal(pair[0], pair[1]) || !equal(pair[1], pair[0]) {
			t.Errorf("%s: not equal", name)
		}
	}
	for name, pair := range map[string][2]any{
		"times":               {stamped{at: now}, stamped{at: now.Add(1)}},
		"big":                 {big.NewInt(1), big.NewInt(2)},
		"expressions":         {regexp.MustCompile("a"), regexp.MustCompile("b")},
		"errors":              {errors.New("a"), errors.New("b")},
		"errors of types":     {errors.New("a"), fmt.Errorf("a: %w", io.EOF)},
		"list errors":         {listError{"a"}, listError{"b"}},
		"nil and error":       {(*failure)(nil), &failure{}},
		"contexts":            {context.WithValue(t.Context(), now, 1), context.WithValue(t.Context(), now, 1)},
		"services":            {&service{}, &service{}},
		"lists":               {listOf(1, 2), listOf(1, 3)},
		"panicking Equal":     {[]any{grumpy{1}}, []any{grumpy{2}}},
		"sync.Map":            {mapOf(1, 2), mapOf(1, 3)},
		"longer sync.Map":     {mapOf(1, 2), mapOf(1, 2, 3, 4)},
		"fields of one error": {struct{ E *failure }{&failure{}}, struct{ E *failure }{}},
	} {
		if equal(pair[0], pair[1]) || equal(pair[1], pair[0]) {
			t.Errorf("%s: equal", name)
		}
	}
	if !equal(mapOf(1, []int{2}), mapOf(1, []int{2})) {
		t.Error("sync.Maps are not compared by content")
	}
}

func listOf(values ...any) *list.List {
	l := list.New()
	for _, v := range values {
		l.PushBack(v)
	}
	return l
}

func mapOf(pairs ...any) *sync.Map {
	m := &sync.Map{}
	for pair := range slices.Chunk(pairs, 2) {
		m.Store(pair[0], pair[1])
	}
	return m
}

func TestComparableIsEqual(t *testing.T) {
	type plain struct {
		A int8
		B string
		C [2]struct {
			D bool
			E uint64
		}
		_ int
		F netip.Addr
	}
	if !PlanOf(reflect.TypeFor[plain]()).Comparable() {
		t.Fatal("not comparable")
	}
	a := plain{A: 1, B: "b", F: netip.MustParseAddr("::1%a")}
	b := a
	b.B = strings.Clone(b.B)
	if a != b || !equal(a, b) {
		t.Error("not equal")
	}
	for _, change := range []func(*plain){func(p *plain) { p.A++ }, func(p *plain) { p.B = "c" }, func(p *plain) { p.C[1].D = true }, func(p *plain) { p.C[1].E = 1 },
		func(p *plain) { p.F = netip.MustParseAddr("::1%b") }} {
		c := a
		change(&c)
		if equal(a, c) || a == c {
			t.Errorf("equal: %v", c)
		}
	}
}
